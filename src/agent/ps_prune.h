/* SPDX-License-Identifier: MIT */
/*
 * ps_prune - a whole tree becomes a layer: what is the same in the image goes, what the image has
 * and the tree lacks is marked as gone (a device 0/0, as overlayfs wants it).
 *
 * Must not know about: archives, private servers.
 */
#ifndef SXC_AGENT_PS_PRUNE_H
#define SXC_AGENT_PS_PRUNE_H

#include "util/err.h"

/* Both are open directories; tree holds no devices. Contents are compared, not only their times. */
int prune(int tree, int image, struct err *e);

#endif
