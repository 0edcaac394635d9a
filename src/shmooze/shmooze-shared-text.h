/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-error.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SHMOOZE_SHARED_TEXT_NAME: (value "/EMoreauSharedDemo")
 *
 * The name of the region that the original .NET programs share a text in.
 *
 * Since: 1.0
 */
#define SHMOOZE_SHARED_TEXT_NAME "/EMoreauSharedDemo"

/**
 * SHMOOZE_SHARED_TEXT_CAPACITY: (value 8096)
 *
 * The size in bytes of the region of the original .NET programs.
 *
 * Since: 1.0
 */
#define SHMOOZE_SHARED_TEXT_CAPACITY 8096

#define SHMOOZE_TYPE_SHARED_TEXT (shmooze_shared_text_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozeSharedText, shmooze_shared_text, SHMOOZE, SHARED_TEXT, GObject)

SHMOOZE_AVAILABLE_IN_1_0
ShmoozeSharedText *shmooze_shared_text_share              (const char          *name,
                                                           guint64              capacity,
                                                           GError             **error);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeSharedText *shmooze_shared_text_show               (const char          *name,
                                                           GError             **error);
SHMOOZE_AVAILABLE_IN_1_0
const char        *shmooze_shared_text_get_name           (ShmoozeSharedText   *self);
SHMOOZE_AVAILABLE_IN_1_0
guint64            shmooze_shared_text_get_capacity       (ShmoozeSharedText   *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean           shmooze_shared_text_get_sharer_present (ShmoozeSharedText   *self);
SHMOOZE_AVAILABLE_IN_1_0
guint              shmooze_shared_text_get_max_units      (ShmoozeSharedText   *self);
SHMOOZE_AVAILABLE_IN_1_0
guint              shmooze_shared_text_count_units        (const char          *text,
                                                           gssize               length);
SHMOOZE_AVAILABLE_IN_1_0
gboolean           shmooze_shared_text_set_text           (ShmoozeSharedText   *self,
                                                           const char          *text,
                                                           GError             **error);
SHMOOZE_AVAILABLE_IN_1_0
char              *shmooze_shared_text_dup_text           (ShmoozeSharedText   *self,
                                                           guint               *n_units,
                                                           GError             **error);
SHMOOZE_AVAILABLE_IN_1_0
void               shmooze_shared_text_start_reader       (ShmoozeSharedText   *self);
SHMOOZE_AVAILABLE_IN_1_0
void               shmooze_shared_text_stop_reader        (ShmoozeSharedText   *self);
SHMOOZE_AVAILABLE_IN_1_0
void               shmooze_shared_text_close              (ShmoozeSharedText   *self);

G_END_DECLS
