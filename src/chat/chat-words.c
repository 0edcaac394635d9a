/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-words.h"

#include <glib/gi18n.h>
#include <gtk/gtk.h>
#include <shmooze/shmooze.h>

#define LEFT_TO_RIGHT_EMBEDDING 0x202a
#define RIGHT_TO_LEFT_OVERRIDE 0x202e
#define LEFT_TO_RIGHT_MARK "\xe2\x80\x8e"
#define RIGHT_TO_LEFT_MARK "\xe2\x80\x8f"
#define FIRST_STRONG_ISOLATE "\xe2\x81\xa8"
#define POP_DIRECTIONAL_ISOLATE "\xe2\x81\xa9"

static gboolean
is_fit_for_a_name (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return FALSE;
    default:
      return (c < LEFT_TO_RIGHT_EMBEDDING || c > RIGHT_TO_LEFT_OVERRIDE) && (c < 0x2066 || c > 0x2069);
    }
}

/* The direction of the first letter; without one, that of the interface. */
static GtkTextDirection
find_direction (const char *text)
{
  PangoDirection direction;

  /* Deprecated without a replacement. */
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  direction = pango_find_base_dir (text, -1);
  G_GNUC_END_IGNORE_DEPRECATIONS

  if (direction == PANGO_DIRECTION_NEUTRAL)
    return gtk_widget_get_default_direction ();

  return direction == PANGO_DIRECTION_RTL ? GTK_TEXT_DIR_RTL : GTK_TEXT_DIR_LTR;
}

/* Makes a name that a peer chose safe to display: it stays on one line and does not change the direction of the text
 * around it. */
char *
chat_words_name (const char *nick)
{
  g_autoptr (GString) name = g_string_new (NULL);

  for (const char *p = nick; *p != '\0'; p = g_utf8_next_char (p))
    if (is_fit_for_a_name (g_utf8_get_char (p)))
      g_string_append_unichar (name, g_utf8_get_char (p));

  if (find_direction (name->str) != gtk_widget_get_default_direction ())
    {
      const gboolean rtl = gtk_widget_get_default_direction () == GTK_TEXT_DIR_RTL;

      /* So that a slash at the beginning or end, which has no direction, gets that of the name. */
      g_string_prepend (name, rtl ? LEFT_TO_RIGHT_MARK : RIGHT_TO_LEFT_MARK);
      g_string_append (name, rtl ? LEFT_TO_RIGHT_MARK : RIGHT_TO_LEFT_MARK);
      g_string_prepend (name, FIRST_STRONG_ISOLATE);
      /* Pango takes the direction of a line from its first letter, also from one within an isolate. */
      g_string_prepend (name, rtl ? RIGHT_TO_LEFT_MARK : LEFT_TO_RIGHT_MARK);
      g_string_append (name, POP_DIRECTIONAL_ISOLATE);
    }

  return g_string_free (g_steal_pointer (&name), FALSE);
}

char *
chat_words_caption (const char *name,
                    const char *remark)
{
  /* Translators: who and when, above a message, as in “Ben · 10:42”; or what happened and when */
  return g_strdup_printf (_("%s · %s"), name, remark);
}

/* "Ada", "Ada and Ben", "Ada, Ben and Cleo". */
static char *
make_list (const char * const *names)
{
  g_autofree char *list = NULL;

  list = g_strdup (names[0]);

  for (guint i = 1; names[i] != NULL; i++)
    {
      g_autofree char *head = g_steal_pointer (&list);

      if (names[i + 1] != NULL)
        /* Translators: joins all names of a list but the last, as in “Ada, Ben” of “Ada, Ben and Cleo” */
        list = g_strdup_printf (_("%s, %s"), head, names[i]);
      else
        /* Translators: joins the last name of a list, as in “Ada and Ben” or “Ada, Ben and Cleo” */
        list = g_strdup_printf (_("%s and %s"), head, names[i]);
    }

  return g_steal_pointer (&list);
}

/* Returns: (nullable): the names of all peers; NULL if there are none */
char *
chat_words_peers (GListModel *peers)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr (ShmoozePeer) peer = g_list_model_get_item (peers, i);
      g_autofree char *name = chat_words_name (shmooze_peer_get_nick (peer));

      if (shmooze_peer_is_watching (peer))
        /* Translators: a name in the list of participants; this one found no free seat and cannot write */
        g_ptr_array_add (names, g_strdup_printf (_("%s (watching)"), name));
      else
        g_ptr_array_add (names, g_steal_pointer (&name));
    }

  if (names->len == 0)
    return NULL;

  g_ptr_array_add (names, NULL);

  return make_list ((const char * const *) names->pdata);
}

/* Includes the day unless it is the same as that of @previous. */
char *
chat_words_time (gint64 time,
                 gint64 previous)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) utc_before = g_date_time_new_from_unix_utc (previous / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;
  g_autoptr (GDateTime) before = utc_before != NULL ? g_date_time_to_local (utc_before) : NULL;

  if (local == NULL)
    return g_strdup (_("at an unknown time"));

  if (before == NULL
      || g_date_time_get_year (local) != g_date_time_get_year (before)
      || g_date_time_get_day_of_year (local) != g_date_time_get_day_of_year (before))
    /* Translators: the time of a message from another day, see strftime(3), as in “20 Nov 10:42” */
    return g_date_time_format (local, _("%-d %b %H:%M"));

  /* Translators: the time of a message, see strftime(3), as in “10:42” */
  return g_date_time_format (local, _("%H:%M"));
}

char *
chat_words_region (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);

  return chat_words_name (valid);
}

/* Returns: (nullable): an explanation, if programs outside this sandbox cannot find the region */
char *
chat_words_private (const char *name)
{
  g_autofree char *region = NULL;

  if (!shmooze_region_name_is_private (name))
    return NULL;

  region = chat_words_region (name);
  return g_strdup_printf (_("“%s” exists only in this sandbox, because its name begins with a slash. "
                            "To talk to windows that are started separately, use a name without a slash."), region);
}

/* Appends chat_words_private() to @text. */
char *
chat_words_explain (const char *text,
                    const char *name)
{
  g_autofree char *private = chat_words_private (name);

  return private != NULL ? g_strconcat (text, "\n", private, NULL) : g_strdup (text);
}
