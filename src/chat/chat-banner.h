/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* In order of priority: a banner does not replace one of a higher priority. */
typedef enum
{
  CHAT_BANNER_NONE,
  CHAT_BANNER_PROBLEM,
  CHAT_BANNER_BROKEN,
  CHAT_BANNER_WATCHING,
  CHAT_BANNER_LOST
} ChatBannerKind;

#define CHAT_TYPE_BANNER (chat_banner_get_type ())

G_DECLARE_FINAL_TYPE (ChatBanner, chat_banner, CHAT, BANNER, GtkWidget)

ChatBannerKind chat_banner_get_kind (ChatBanner     *self);
void           chat_banner_show     (ChatBanner     *self,
                                     ChatBannerKind  kind,
                                     const char     *text,
                                     const char     *details,
                                     const char     *button);
void           chat_banner_hide     (ChatBanner     *self);

G_END_DECLS
