/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-macros.h"

G_BEGIN_DECLS

#define SHMOOZE_ERROR (shmooze_error_quark ())

/**
 * ShmoozeError:
 * @SHMOOZE_ERROR_CORRUPT: what stands in the region breaks the rules of its layout
 * @SHMOOZE_ERROR_LOST: the region was truncated or overwritten from outside
 * @SHMOOZE_ERROR_TOO_LONG: a text or message is longer than the layout has room for
 * @SHMOOZE_ERROR_LAYOUT: the region exists, but holds something else
 * @SHMOOZE_ERROR_NO_SEAT: every seat of the room is taken
 *
 * Errors of the library that have no word in [error@Gio.IOErrorEnum].
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
