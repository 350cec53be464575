/* SPDX-License-Identifier: MIT */
/*
 * ps_backup - what archives of private servers hold: the manifest first, then the files.
 *
 * Must not know about: the control center's manifest.
 */
#ifndef SXC_AGENT_PS_BACKUP_H
#define SXC_AGENT_PS_BACKUP_H

#define BACKUP_MANIFEST "sxc-backup.json"
#define BACKUP_ROOT     "root"
#define BACKUP_ASIDE    ".copy-" /* AGENT_PS/.copy-NAME: the layer, while it is read */

#endif
