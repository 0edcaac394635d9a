/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-number.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

/* A number of bytes: decimal digits, and perhaps K, M or G for as many times 1024. */
gboolean
ctl_number_parse (const char  *text,
                  guint64     *number,
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
  if (g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT64 / factor, number, NULL))
    {
      *number *= factor;
      return TRUE;
    }

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _("Invalid size “%s” (examples: 4096, 4K, 2M, 1G)"), text);
  return FALSE;
}
