/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-option.h"
#include "ctl-terminal.h"

#include <glib/gi18n.h>
#include <string.h>

/* Callbacks for GOptionEntry, each of which stores a value in the CtlOptions of the verb. */

static gboolean
set_invalid_value (const char  *name,
                   const char  *value,
                   const char  *possible,
                   GError     **error)
{
  /* Translators: a word, an option such as "--wait", and a list such as "auto, bell, poll" */
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _("Invalid value “%s” for %s (possible values: %s)"),
               value, name, possible);
  return FALSE;
}

gboolean
ctl_option_color (const char  *name,
                  const char  *value,
                  gpointer     data,
                  GError     **error)
{
  CtlOptions *options = data;

  if (strcmp (value, "always") == 0)
    options->color = TRUE;
  else if (strcmp (value, "never") == 0)
    options->color = FALSE;
  else if (strcmp (value, "auto") == 0)
    options->color = ctl_terminal_has_color ();
  else
    return set_invalid_value (name, value, "always, never, auto", error);

  return TRUE;
}

/* The value with this nick, which must not be above @last; -1 and an error if there is none. */
static int
parse_enum (GType        type,
            int          last,
            const char  *name,
            const char  *value,
            GError     **error)
{
  g_autoptr (GEnumClass) enum_class = g_type_class_ref (type);
  const GEnumValue *found = g_enum_get_value_by_nick (enum_class, value);
  g_autoptr (GString) nicks = g_string_new (NULL);

  if (found != NULL && found->value <= last)
    return found->value;

  for (guint i = 0; i < enum_class->n_values && enum_class->values[i].value <= last; i++)
    g_string_append_printf (nicks, "%s%s", i > 0 ? ", " : "", enum_class->values[i].value_nick);
  set_invalid_value (name, value, nicks->str, error);
  return -1;
}

gboolean
ctl_option_wait (const char  *name,
                 const char  *value,
                 gpointer     data,
                 GError     **error)
{
  /* SHMOOZE_WAIT_SPIN is not offered, since it would keep a CPU busy all the time. */
  int wait = parse_enum (SHMOOZE_TYPE_WAIT, SHMOOZE_WAIT_POLL, name, value, error);

  ((CtlOptions *) data)->wait = (ShmoozeWait) wait;
  return wait >= 0;
}

gboolean
ctl_option_access (const char  *name,
                   const char  *value,
                   gpointer     data,
                   GError     **error)
{
  int access = parse_enum (SHMOOZE_TYPE_ACCESS, G_MAXINT, name, value, error);

  ((CtlOptions *) data)->access = (ShmoozeAccess) access;
  return access >= 0;
}

/* --capacity, --read-position and --write-position */
gboolean
ctl_option_size (const char  *name,
                 const char  *value,
                 gpointer     data,
                 GError     **error)
{
  CtlOptions *options = data;
  guint64 size;

  if (!ctl_option_parse_size (value, &size, error))
    return FALSE;

  if (strcmp (name, "--read-position") == 0)
    options->read_position = (gint64) MIN (size, G_MAXINT64);
  else if (strcmp (name, "--write-position") == 0)
    options->write_position = (gint64) MIN (size, G_MAXINT64);
  else
    options->capacity = size;
  return TRUE;
}

/* Parses decimal digits, with K, M or G for multiples of 1024, 1024² and 1024³. */
gboolean
ctl_option_parse_size (const char  *text,
                       guint64     *size,
                       GError     **error)
{
  static const char units[] = "KMG";
  g_autofree char *digits = g_strdup (text);
  gsize length = strlen (digits);
  const char *unit = length > 1 ? strchr (units, g_ascii_toupper (digits[length - 1])) : NULL;
  guint64 factor = 1;

  if (unit != NULL)
    {
      factor <<= 10 * (unit - units + 1);
      digits[length - 1] = '\0';
    }
  if (g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT64 / factor, size, NULL))
    {
      *size *= factor;
      return TRUE;
    }

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _("Invalid size “%s” (examples: 4096, 4K, 2M, 1G)"),
               text);
  return FALSE;
}
