/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The size of CR LF. */
#define CTL_LINE_FORMAT_END_SIZE 2

gboolean  ctl_line_format_write (GIOStream   *stream,
                                 GBytes      *line,
                                 GError     **error);
gboolean  ctl_line_format_read  (GIOStream   *stream,
                                 GBytes     **line,
                                 GError     **error);

G_END_DECLS
