/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-writer.h"

G_BEGIN_DECLS

void     shmooze_writer_end_draft   (ShmoozeWriter *self,
                                     const char    *text);
void     shmooze_writer_await_room  (ShmoozeWriter *self,
                                     guint64        bell);
gboolean shmooze_writer_is_attended (ShmoozeWriter *self,
                                     guint64        bell);

G_END_DECLS
