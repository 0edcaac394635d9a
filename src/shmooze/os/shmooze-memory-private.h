/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How much there still is, before it is asked for. */

guint64 shmooze_available_memory (void);
guint64 shmooze_bytes_free       (int     fd,
                                  guint64 enough);

G_END_DECLS
