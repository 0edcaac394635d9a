/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean ctl_number_parse (const char  *text,
                           guint64     *number,
                           GError     **error);

G_END_DECLS
