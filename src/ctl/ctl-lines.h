/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define CTL_TYPE_LINES (ctl_lines_get_type ())

G_DECLARE_FINAL_TYPE (CtlLines, ctl_lines, CTL, LINES, GObject)

CtlLines *ctl_lines_new         (GInputStream         *stream,
                                 gsize                 max_length);
void      ctl_lines_next_async  (CtlLines             *self,
                                 GCancellable         *cancellable,
                                 GAsyncReadyCallback   callback,
                                 gpointer              user_data);
char     *ctl_lines_next_finish (CtlLines             *self,
                                 GAsyncResult         *result,
                                 guint64              *length,
                                 GError              **error);

G_END_DECLS
