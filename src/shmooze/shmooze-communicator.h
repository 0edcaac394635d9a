/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-error.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SHMOOZE_COMMUNICATOR_NAME: (value "/MemoryMappedShare")
 *
 * The name of the region of the original .NET programs.
 *
 * Since: 1.0
 */
#define SHMOOZE_COMMUNICATOR_NAME "/MemoryMappedShare"

/**
 * SHMOOZE_COMMUNICATOR_CAPACITY: (value 4096)
 *
 * The size in bytes of the region of the original .NET programs.
 *
 * Since: 1.0
 */
#define SHMOOZE_COMMUNICATOR_CAPACITY 4096

/**
 * SHMOOZE_COMMUNICATOR_FIRST_POSITION: (value 0)
 *
 * The position at which the first original program reads and the second one
 * writes.
 *
 * Since: 1.0
 */
#define SHMOOZE_COMMUNICATOR_FIRST_POSITION 0

/**
 * SHMOOZE_COMMUNICATOR_SECOND_POSITION: (value 2000)
 *
 * The position at which the first original program writes and the second one
 * reads.
 *
 * Since: 1.0
 */
#define SHMOOZE_COMMUNICATOR_SECOND_POSITION 2000

#define SHMOOZE_TYPE_COMMUNICATOR (shmooze_communicator_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozeCommunicator, shmooze_communicator, SHMOOZE, COMMUNICATOR, GObject)

SHMOOZE_AVAILABLE_IN_1_0
ShmoozeCommunicator *shmooze_communicator_new                (const char           *name,
                                                              guint64               capacity,
                                                              GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
const char          *shmooze_communicator_get_name           (ShmoozeCommunicator  *self);
SHMOOZE_AVAILABLE_IN_1_0
guint64              shmooze_communicator_get_capacity       (ShmoozeCommunicator  *self);
SHMOOZE_AVAILABLE_IN_1_0
gint64               shmooze_communicator_get_read_position  (ShmoozeCommunicator  *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean             shmooze_communicator_set_read_position  (ShmoozeCommunicator  *self,
                                                              gint64                position,
                                                              GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
gint64               shmooze_communicator_get_write_position (ShmoozeCommunicator  *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean             shmooze_communicator_set_write_position (ShmoozeCommunicator  *self,
                                                              gint64                position,
                                                              GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean             shmooze_communicator_take_positions     (ShmoozeCommunicator  *self,
                                                              GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
gsize                shmooze_communicator_get_max_size       (ShmoozeCommunicator  *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean             shmooze_communicator_get_peer_present   (ShmoozeCommunicator  *self);
SHMOOZE_AVAILABLE_IN_1_0
guint                shmooze_communicator_get_n_unconfirmed  (ShmoozeCommunicator  *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean             shmooze_communicator_start_reader       (ShmoozeCommunicator  *self,
                                                              GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
void                 shmooze_communicator_stop_reader        (ShmoozeCommunicator  *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean             shmooze_communicator_write              (ShmoozeCommunicator  *self,
                                                              gconstpointer         data,
                                                              gsize                 size,
                                                              GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean             shmooze_communicator_write_text         (ShmoozeCommunicator  *self,
                                                              const char           *text,
                                                              GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
void                 shmooze_communicator_write_async        (ShmoozeCommunicator  *self,
                                                              gconstpointer         data,
                                                              gsize                 size,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
SHMOOZE_AVAILABLE_IN_1_0
gboolean             shmooze_communicator_write_finish       (ShmoozeCommunicator  *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
void                 shmooze_communicator_close              (ShmoozeCommunicator  *self);

G_END_DECLS
