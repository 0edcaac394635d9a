/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

void      ctl_json_add_string  (JsonBuilder  *builder,
                                const char   *key,
                                const char   *value);
void      ctl_json_add_text    (JsonBuilder  *builder,
                                const char   *key,
                                const char   *value,
                                gsize         length);
void      ctl_json_add_number  (JsonBuilder  *builder,
                                const char   *key,
                                guint64       value);
void      ctl_json_add_boolean (JsonBuilder  *builder,
                                const char   *key,
                                gboolean      value);
gboolean  ctl_json_print       (JsonBuilder  *builder,
                                int           interrupt_fd,
                                GError      **error);

G_END_DECLS
