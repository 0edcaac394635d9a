/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean ctl_output_write (const char  *text,
                           int          interrupt_fd,
                           GError     **error);

G_END_DECLS
