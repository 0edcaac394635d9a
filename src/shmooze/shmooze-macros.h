/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The library is built with hidden visibility; what is public says so. */
#define SHMOOZE_EXPORT __attribute__ ((visibility ("default"))) extern
