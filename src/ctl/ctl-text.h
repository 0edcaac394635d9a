/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CTL_TEXT_RED "\033[31m"
#define CTL_TEXT_DIM "\033[2m"

char       *ctl_text_clean       (const char *text);
char       *ctl_text_clean_line  (const char *text);
char       *ctl_text_from_bytes  (GBytes     *bytes);
void        ctl_text_append_line (GString    *output,
                                  const char *style,
                                  const char *start,
                                  const char *line);
char       *ctl_text_size        (guint64     size);
gsize       ctl_text_width       (const char *text);
void        ctl_text_pad         (GString    *string,
                                  const char *text,
                                  gsize       width);
const char *ctl_text_tail        (const char *text,
                                  gsize       width);
void        ctl_text_erase_last  (GString    *text);

G_END_DECLS
