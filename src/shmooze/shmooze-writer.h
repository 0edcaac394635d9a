/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-view.h"

G_BEGIN_DECLS

#define SHMOOZE_TYPE_WRITER (shmooze_writer_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozeWriter, shmooze_writer, SHMOOZE, WRITER, GObject)

SHMOOZE_AVAILABLE_IN_1_0
ShmoozeWriter *shmooze_writer_new          (ShmoozeView          *view,
                                            guint                 n_readers,
                                            gsize                 draft_size,
                                            GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
gsize          shmooze_writer_get_max_size (ShmoozeWriter        *self);
SHMOOZE_AVAILABLE_IN_1_0
gsize          shmooze_writer_get_max_draft (ShmoozeWriter       *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean       shmooze_writer_set_draft    (ShmoozeWriter        *self,
                                            const char           *text,
                                            gssize                length,
                                            GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
gpointer       shmooze_writer_reserve      (ShmoozeWriter        *self,
                                            gsize                 size,
                                            GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
void           shmooze_writer_commit       (ShmoozeWriter        *self,
                                            gsize                 size);
SHMOOZE_AVAILABLE_IN_1_0
gboolean       shmooze_writer_write        (ShmoozeWriter        *self,
                                            gconstpointer         data,
                                            gsize                 size,
                                            GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean       shmooze_writer_wait         (ShmoozeWriter        *self,
                                            gsize                 size,
                                            gint64                timeout_usec,
                                            GCancellable         *cancellable,
                                            GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
void           shmooze_writer_write_async  (ShmoozeWriter        *self,
                                            GBytes               *bytes,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
SHMOOZE_AVAILABLE_IN_1_0
gboolean       shmooze_writer_write_finish (ShmoozeWriter        *self,
                                            GAsyncResult         *result,
                                            GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
void           shmooze_writer_close        (ShmoozeWriter        *self);

G_END_DECLS
