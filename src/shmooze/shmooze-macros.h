/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <shmooze/shmooze-version.h>

/**
 * SHMOOZE_VERSION_1_0:
 *
 * Version 1.0, for SHMOOZE_VERSION_MIN_REQUIRED and SHMOOZE_VERSION_MAX_ALLOWED.
 *
 * A program that defines SHMOOZE_VERSION_MIN_REQUIRED before it includes a header is warned about what was deprecated in
 * that version or before. One that defines SHMOOZE_VERSION_MAX_ALLOWED is warned about what was added after it. Both are
 * the version of the headers unless they are defined.
 *
 * Since: 1.0
 */
#define SHMOOZE_VERSION_1_0 (G_ENCODE_VERSION (1, 0))

#define SHMOOZE_VERSION_CURRENT (G_ENCODE_VERSION (SHMOOZE_MAJOR_VERSION, SHMOOZE_MINOR_VERSION))

#ifndef SHMOOZE_VERSION_MIN_REQUIRED
#define SHMOOZE_VERSION_MIN_REQUIRED SHMOOZE_VERSION_CURRENT
#endif
#ifndef SHMOOZE_VERSION_MAX_ALLOWED
#define SHMOOZE_VERSION_MAX_ALLOWED SHMOOZE_VERSION_CURRENT
#endif

#if SHMOOZE_VERSION_MAX_ALLOWED < SHMOOZE_VERSION_MIN_REQUIRED
#error "SHMOOZE_VERSION_MAX_ALLOWED must be at least SHMOOZE_VERSION_MIN_REQUIRED"
#endif

/* The library is built with hidden visibility: these export what is public. Each version adds its own. */
#define _SHMOOZE_EXTERN __attribute__ ((visibility ("default"))) extern

#if SHMOOZE_VERSION_MAX_ALLOWED < SHMOOZE_VERSION_1_0
#define SHMOOZE_AVAILABLE_IN_1_0 G_UNAVAILABLE (1, 0) _SHMOOZE_EXTERN
#else
#define SHMOOZE_AVAILABLE_IN_1_0 _SHMOOZE_EXTERN
#endif
