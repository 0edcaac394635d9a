/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A source for what rings no bell: looks quickly while something moves, and ever more slowly after. Its
 * callback, a GSourceFunc, tells whether something has moved. It goes on until it is destroyed. */
GSource *shmooze_poll_source_new   (void);
void     shmooze_poll_source_hurry (GSource *source);

G_END_DECLS
