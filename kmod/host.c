// SPDX-License-Identifier: GPL-2.0
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "host.h"

static struct vfsmount *proc;
static const struct cred *host_cred;

int sxps_host_start(void)
{
	struct file_system_type *type = get_fs_type("proc");

	if (!type)
		return -ENODEV;
	host_cred = prepare_kernel_cred(&init_task);
	if (!host_cred)
		return -ENOMEM;
	proc = kern_mount(type);
	if (IS_ERR(proc)) {
		put_cred(host_cred);
		return PTR_ERR(proc);
	}
	return 0;
}

void sxps_host_stop(void)
{
	kern_unmount(proc);
	put_cred(host_cred);
}

/* Not with the reader's rights: it has none to a mount it cannot see. */
static struct file *host_open(const char *name)
{
	struct path root = {.mnt = proc, .dentry = proc->mnt_root};
	const struct cred *own = override_creds(host_cred);
	struct file *file = file_open_root(&root, name, O_RDONLY, 0);

	revert_creds(own);
	return file;
}

struct filter {
	const struct cpumask *cpus;
	bool keep, line_start;
	char head[32]; /* of the line, until it is known what it is */
	unsigned int n;
};

/* "processor" opens the paragraph of one processor. */
static void judge_head(struct filter *f)
{
	unsigned int cpu;

	f->head[f->n] = '\0';
	if (sscanf(f->head, "processor : %u", &cpu) == 1)
		f->keep = cpu < nr_cpu_ids && cpumask_test_cpu(cpu, f->cpus);
}

static void flush_head(struct filter *f, struct seq_file *out)
{
	judge_head(f);
	if (f->keep)
		seq_write(out, f->head, f->n);
	f->n = 0;
	f->line_start = false;
}

static void filter_byte(struct filter *f, char c, struct seq_file *out)
{
	if (!f->line_start) {
		if (f->keep)
			seq_putc(out, c);
		f->line_start = c == '\n';
		return;
	}
	f->head[f->n++] = c;
	if (c == '\n' || f->n == sizeof(f->head) - 1) {
		flush_head(f, out);
		f->line_start = c == '\n';
	}
}

static void copy_part(struct filter *f, const char *part, size_t n, struct seq_file *out)
{
	size_t i;

	if (!f->cpus)
		seq_write(out, part, n);
	else
		for (i = 0; i < n; i++)
			filter_byte(f, part[i], out);
}

/* Some entries offer no read that the kernel may use, but are sequence files like all of these. */
static ssize_t read_part(struct file *file, char *part, size_t n, loff_t *at)
{
	struct kvec vec = {.iov_base = part, .iov_len = n};
	struct iov_iter to;
	struct kiocb request;
	ssize_t r;

	if (file->f_op->read_iter)
		return kernel_read(file, part, n, at);
	init_sync_kiocb(&request, file);
	request.ki_pos = *at;
	iov_iter_kvec(&to, READ, &vec, 1, n);
	r = seq_read_iter(&request, &to);
	*at = request.ki_pos;
	return r;
}

static int copy_file(struct file *file, struct filter *f, struct seq_file *out)
{
	char *part = kmalloc(PAGE_SIZE, GFP_KERNEL);
	loff_t at = 0;
	ssize_t n;

	if (!part)
		return -ENOMEM;
	while ((n = read_part(file, part, PAGE_SIZE, &at)) > 0 && !seq_has_overflowed(out))
		copy_part(f, part, n, out);
	if (f->n)
		flush_head(f, out);
	kfree(part);
	return n < 0 ? n : 0;
}

int sxps_host_copy(const char *name, const struct cpumask *cpus, struct seq_file *out)
{
	struct filter f = {.cpus = cpus, .keep = true, .line_start = true};
	struct file *file = host_open(name);
	int r;

	if (IS_ERR(file))
		return PTR_ERR(file);
	r = copy_file(file, &f, out);
	fput(file);
	return r;
}
