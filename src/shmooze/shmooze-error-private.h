/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-error.h"

G_BEGIN_DECLS

void shmooze_set_error_from_errno (GError     **error,
                                   int          errsv,
                                   const char  *format,
                                   ...) G_GNUC_PRINTF (3, 4);

G_END_DECLS
