/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-nick.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

/* The user's first name, or the capitalised login name where the system knows no other. */
char *
ctl_nick_default (void)
{
  g_autofree char *real_name = g_utf8_make_valid (g_get_real_name (), -1);
  g_autofree char *user_name = g_utf8_make_valid (g_get_user_name (), -1);
  GString *nick = NULL;

  if (getuid () != 0 && strcmp (real_name, "Unknown") != 0)
    {
      g_auto (GStrv) words = g_strsplit_set (g_strstrip (real_name), " \t,", 2);

      if (words[0] != NULL && *words[0] != '\0')
        return g_strdup (words[0]);
    }

  if (*user_name == '\0')
    return g_strdup (_("Somebody"));

  nick = g_string_new (NULL);
  g_string_append_unichar (nick, g_unichar_totitle (g_utf8_get_char (user_name)));
  g_string_append (nick, g_utf8_next_char (user_name));

  return g_string_free (nick, FALSE);
}
