/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-view.h"

G_BEGIN_DECLS

/**
 * ShmoozeWait:
 * @SHMOOZE_WAIT_AUTO: like %SHMOOZE_WAIT_BELL, or like %SHMOOZE_WAIT_POLL if
 *   no bell can be created; outside of a main loop, spin for up to 50 µs first
 *   if the writer runs on another processor
 * @SHMOOZE_WAIT_BELL: sleep until the writer rings the reader's bell
 * @SHMOOZE_WAIT_POLL: look again after 5 to 250 ms
 * @SHMOOZE_WAIT_SPIN: look without pause
 *
 * How a reader waits for the writer.
 *
 * Since: 1.0
 */
typedef enum
{
  SHMOOZE_WAIT_AUTO,
  SHMOOZE_WAIT_BELL,
  SHMOOZE_WAIT_POLL,
  SHMOOZE_WAIT_SPIN
} ShmoozeWait;

#define SHMOOZE_TYPE_READER (shmooze_reader_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozeReader, shmooze_reader, SHMOOZE, READER, GObject)

/**
 * ShmoozeReaderFunc:
 * @reader: the reader that has a message or a draft
 * @user_data: the data that was passed to g_source_set_callback()
 *
 * The callback of the source that [method@Reader.create_source] creates.
 *
 * Returns: %G_SOURCE_CONTINUE, or %G_SOURCE_REMOVE to remove the source
 *
 * Since: 1.0
 */
typedef gboolean (*ShmoozeReaderFunc) (ShmoozeReader *reader,
                                       gpointer       user_data);

SHMOOZE_AVAILABLE_IN_1_0
ShmoozeReader *shmooze_reader_new           (ShmoozeView   *view,
                                             ShmoozeWait    wait,
                                             GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gconstpointer  shmooze_reader_peek          (ShmoozeReader *self,
                                             gsize         *size,
                                             GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
void           shmooze_reader_release       (ShmoozeReader *self);
SHMOOZE_AVAILABLE_IN_1_0
GBytes        *shmooze_reader_read          (ShmoozeReader *self,
                                             GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
char          *shmooze_reader_read_draft    (ShmoozeReader *self,
                                             gsize         *length,
                                             GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean       shmooze_reader_wait          (ShmoozeReader *self,
                                             gint64         timeout_usec,
                                             GCancellable  *cancellable,
                                             GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gconstpointer  shmooze_reader_next          (ShmoozeReader *self,
                                             gint64         timeout_usec,
                                             GCancellable  *cancellable,
                                             gsize         *size,
                                             GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
GSource       *shmooze_reader_create_source (ShmoozeReader *self,
                                             GCancellable  *cancellable);
SHMOOZE_AVAILABLE_IN_1_0
void           shmooze_reader_close         (ShmoozeReader *self);

G_END_DECLS
