/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* From now on this system call fails in this process, as on a kernel or in a sandbox that has none. */
void test_deny_call (long number,
                     int  error);

G_END_DECLS
