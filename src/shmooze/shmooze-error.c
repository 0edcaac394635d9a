/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-error-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <libintl.h>

/**
 * shmooze_error_quark:
 *
 * Gets the domain of [error@Error], for g_error_matches().
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (shmooze-error-quark, shmooze_error)

/* A program that uses the library need not know where its translations are. */
__attribute__ ((constructor)) static void
bind_translations (void)
{
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}

/* Sets an error for a system call that failed; the format says what could not be done. */
void
shmooze_set_error_from_errno (GError     **error,
                              int          errsv,
                              const char  *format,
                              ...)
{
  GIOErrorEnum code = g_io_error_from_errno (errsv);
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  /* GIO has no code for a symbolic link that O_NOFOLLOW met, and maps a missing feature to INVALID_ARGUMENT. */
  if (errsv == ELOOP)
    code = G_IO_ERROR_PERMISSION_DENIED;
  else if (errsv == EOPNOTSUPP || errsv == ENOSYS)
    code = G_IO_ERROR_NOT_SUPPORTED;

  /* Translators: what could not be done, and the system's reason */
  g_set_error (error, G_IO_ERROR, code, _("%s: %s"), message,
               errsv == ELOOP ? _("a symbolic link is in its place; remove it") : g_strerror (errsv));
}
