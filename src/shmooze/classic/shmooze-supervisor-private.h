/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-supervisor.h"

G_BEGIN_DECLS

void shmooze_supervisor_set_min_uptime (ShmoozeSupervisor *self,
                                        gint64             usec);

G_END_DECLS
