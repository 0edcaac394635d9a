/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-view.h"

G_BEGIN_DECLS

GIOStream *shmooze_view_stream_new (ShmoozeView *view);

G_END_DECLS
