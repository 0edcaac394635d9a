/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *shmooze_display_line_new (const char *text,
                                gsize       length);

G_END_DECLS
