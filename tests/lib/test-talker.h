/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-child.h"

G_BEGIN_DECLS

/* A child process that joins a room and carries out commands:
 *
 *   draft TEXT   send TEXT   flood COUNT SIZE   see TEXT   see-draft NICK TEXT
 *   count MESSAGES   transcript   fork   leave
 *
 * It answers each when it is done: with the transcript in one line, or with "done". */
void        test_talker_role (int         argc,
                              char      **argv);
TestChild  *test_talker_new  (const char *region_name,
                              const char *nick);
void        test_talker_do   (TestChild  *self,
                              const char *format,
                              ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
