/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-macros.h"

G_BEGIN_DECLS

#define SHMOOZE_ERROR (shmooze_error_quark ())

/**
 * ShmoozeError:
 * @SHMOOZE_ERROR_CORRUPT: the contents of the region violate its layout
 * @SHMOOZE_ERROR_LOST: the region was truncated or overwritten by another program
 * @SHMOOZE_ERROR_TOO_LONG: a text or message is too long for the layout
 * @SHMOOZE_ERROR_LAYOUT: the region exists, but has a different layout
 * @SHMOOZE_ERROR_NO_SEAT: all seats of the room are taken
 *
 * Errors of the library that [error@Gio.IOErrorEnum] has no code for.
 *
 * Since: 1.0
 */
typedef enum
{
  SHMOOZE_ERROR_CORRUPT,
  SHMOOZE_ERROR_LOST,
  SHMOOZE_ERROR_TOO_LONG,
  SHMOOZE_ERROR_LAYOUT,
  SHMOOZE_ERROR_NO_SEAT
} ShmoozeError;

SHMOOZE_AVAILABLE_IN_1_0
GQuark shmooze_error_quark (void);

G_END_DECLS
