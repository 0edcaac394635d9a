/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-error.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SHMOOZE_SUPERVISOR_NAME: (value "/SampleApp")
 *
 * The name of the region of the original .NET controller and listener.
 *
 * Since: 1.0
 */
#define SHMOOZE_SUPERVISOR_NAME "/SampleApp"

#define SHMOOZE_TYPE_SUPERVISOR (shmooze_supervisor_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozeSupervisor, shmooze_supervisor, SHMOOZE, SUPERVISOR, GObject)

SHMOOZE_AVAILABLE_IN_1_0
ShmoozeSupervisor *shmooze_supervisor_new          (const char          *name,
                                                    const char *const   *argv,
                                                    GError             **error);
SHMOOZE_AVAILABLE_IN_1_0
const char        *shmooze_supervisor_get_name     (ShmoozeSupervisor   *self);
SHMOOZE_AVAILABLE_IN_1_0
int                shmooze_supervisor_get_pid      (ShmoozeSupervisor   *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean           shmooze_supervisor_start        (ShmoozeSupervisor   *self,
                                                    GError             **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean           shmooze_supervisor_stop         (ShmoozeSupervisor   *self,
                                                    GError             **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean           shmooze_supervisor_request_stop (const char          *name,
                                                    GError             **error);

G_END_DECLS
