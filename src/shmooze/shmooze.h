/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <shmooze/shmooze-access.h>
#include <shmooze/shmooze-communicator.h>
#include <shmooze/shmooze-enum-types.h>
#include <shmooze/shmooze-error.h>
#include <shmooze/shmooze-macros.h>
#include <shmooze/shmooze-message.h>
#include <shmooze/shmooze-mutex.h>
#include <shmooze/shmooze-peer.h>
#include <shmooze/shmooze-reader.h>
#include <shmooze/shmooze-region.h>
#include <shmooze/shmooze-room-info.h>
#include <shmooze/shmooze-room.h>
#include <shmooze/shmooze-shared-text.h>
#include <shmooze/shmooze-supervisor.h>
#include <shmooze/shmooze-version.h>
#include <shmooze/shmooze-view.h>
#include <shmooze/shmooze-worker.h>
#include <shmooze/shmooze-writer.h>
