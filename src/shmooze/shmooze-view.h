/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-access.h"
#include "shmooze-error.h"

G_BEGIN_DECLS

#define SHMOOZE_TYPE_VIEW (shmooze_view_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozeView, shmooze_view, SHMOOZE, VIEW, GObject)

SHMOOZE_AVAILABLE_IN_1_0
gpointer    shmooze_view_get_data      (ShmoozeView   *self);
SHMOOZE_AVAILABLE_IN_1_0
guint64     shmooze_view_get_size      (ShmoozeView   *self);
SHMOOZE_AVAILABLE_IN_1_0
gssize      shmooze_view_read          (ShmoozeView   *self,
                                        guint64        position,
                                        void          *buffer,
                                        gsize          count,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
GBytes     *shmooze_view_read_bytes    (ShmoozeView   *self,
                                        guint64        position,
                                        gsize          count,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write         (ShmoozeView   *self,
                                        guint64        position,
                                        const void    *buffer,
                                        gsize          count,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_int8     (ShmoozeView   *self,
                                        guint64        position,
                                        gint8         *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_int8    (ShmoozeView   *self,
                                        guint64        position,
                                        gint8          value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_uint8    (ShmoozeView   *self,
                                        guint64        position,
                                        guint8        *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_uint8   (ShmoozeView   *self,
                                        guint64        position,
                                        guint8         value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_int16    (ShmoozeView   *self,
                                        guint64        position,
                                        gint16        *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_int16   (ShmoozeView   *self,
                                        guint64        position,
                                        gint16         value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_uint16   (ShmoozeView   *self,
                                        guint64        position,
                                        guint16       *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_uint16  (ShmoozeView   *self,
                                        guint64        position,
                                        guint16        value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_int32    (ShmoozeView   *self,
                                        guint64        position,
                                        gint32        *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_int32   (ShmoozeView   *self,
                                        guint64        position,
                                        gint32         value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_uint32   (ShmoozeView   *self,
                                        guint64        position,
                                        guint32       *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_uint32  (ShmoozeView   *self,
                                        guint64        position,
                                        guint32        value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_int64    (ShmoozeView   *self,
                                        guint64        position,
                                        gint64        *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_int64   (ShmoozeView   *self,
                                        guint64        position,
                                        gint64         value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_uint64   (ShmoozeView   *self,
                                        guint64        position,
                                        guint64       *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_uint64  (ShmoozeView   *self,
                                        guint64        position,
                                        guint64        value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_float    (ShmoozeView   *self,
                                        guint64        position,
                                        gfloat        *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_float   (ShmoozeView   *self,
                                        guint64        position,
                                        gfloat         value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_double   (ShmoozeView   *self,
                                        guint64        position,
                                        gdouble       *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_double  (ShmoozeView   *self,
                                        guint64        position,
                                        gdouble        value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_read_boolean  (ShmoozeView   *self,
                                        guint64        position,
                                        gboolean      *value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_write_boolean (ShmoozeView   *self,
                                        guint64        position,
                                        gboolean       value,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
GIOStream  *shmooze_view_open_stream   (ShmoozeView   *self,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean    shmooze_view_flush         (ShmoozeView   *self,
                                        GCancellable  *cancellable,
                                        GError       **error);
SHMOOZE_AVAILABLE_IN_1_0
void        shmooze_view_close         (ShmoozeView   *self);

G_END_DECLS
