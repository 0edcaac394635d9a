/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-error-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

G_DEFINE_QUARK (shmooze-error-quark, shmooze_error)

/* Sets an error for what the system said of a region; @doing completes "Cannot … “name”". */
void
shmooze_set_error_from_errno (GError     **error,
                              int          errsv,
                              const char  *message)
{
  GIOErrorEnum code = g_io_error_from_errno (errsv);

  /* GIO has no word for a symbolic link that O_NOFOLLOW met, and calls a missing feature INVALID_ARGUMENT. */
  if (errsv == ELOOP)
    code = G_IO_ERROR_PERMISSION_DENIED;
  else if (errsv == EOPNOTSUPP || errsv == ENOSYS)
    code = G_IO_ERROR_NOT_SUPPORTED;

  /* Translators: what could not be done, and the system's reason */
  g_set_error (error, G_IO_ERROR, code, _("%s: %s"), message,
               errsv == ELOOP ? _("a symbolic link stands in its place") : g_strerror (errsv));
}
