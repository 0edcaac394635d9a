/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

char *chat_words_name    (const char *nick);
char *chat_words_caption (const char *name,
                          const char *remark);
char *chat_words_peers   (GListModel *peers);
char *chat_words_time    (gint64      time,
                          gint64      previous);
char *chat_words_region  (const char *name);
char *chat_words_private (const char *name);
char *chat_words_explain (const char *text,
                          const char *name);

G_END_DECLS
