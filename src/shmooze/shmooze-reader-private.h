/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-reader.h"

G_BEGIN_DECLS

/* How long a reader that polls waits until it looks again: it doubles while nothing comes. */
#define SHMOOZE_POLL_MIN_MSEC 5
#define SHMOOZE_POLL_MAX_MSEC 250

ShmoozeReader *shmooze_reader_new_with_bell (ShmoozeView    *view,
                                             guint64         bell,
                                             gboolean        has_bell,
                                             GError        **error);
gboolean       shmooze_reader_has_news      (ShmoozeReader  *self);
gboolean       shmooze_reader_fall_asleep   (ShmoozeReader  *self);
void           shmooze_reader_wake_up       (ShmoozeReader  *self);

G_END_DECLS
