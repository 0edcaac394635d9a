/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CTL_COLOR_RED "\033[31m"
#define CTL_COLOR_DIM "\033[2m"

gboolean ctl_color_parse       (const char *word,
                                gboolean   *color);
void     ctl_color_append_line (GString    *output,
                                const char *style,
                                const char *start,
                                const char *line);

G_END_DECLS
