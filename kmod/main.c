// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include "context.h"
#include "load.h"
#include "lock.h"
#include "sessions.h"
#include "views.h"

static int __init sxps_init(void)
{
	int r;

	r = sxps_sessions_start();
	if (r < 0)
		return r;
	sxps_attrs_prepare();
	r = sxps_locks_register();
	if (r < 0)
		goto stop_sessions;
	r = sxps_views_start();
	if (r < 0)
		goto unregister_locks;
	sxps_load_start();
	r = sxps_contexts_register();
	if (r < 0)
		goto stop_views;
	return 0;

stop_views:
	sxps_load_stop();
	sxps_views_stop();
unregister_locks:
	sxps_locks_unregister();
stop_sessions:
	sxps_sessions_stop();
	return r;
}

static void __exit sxps_exit(void)
{
	sxps_contexts_unregister();
	sxps_load_stop();
	sxps_views_stop();
	sxps_locks_unregister();
	sxps_sessions_stop();
}

module_init(sxps_init);
module_exit(sxps_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("private servers: net lock, transfer, terminals, views of /proc");
MODULE_VERSION("0.1.0");
