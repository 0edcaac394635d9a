/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-view.h"

G_BEGIN_DECLS

/* Messages that wait for their turn in a slot, in order. The first may stand in the slot already, and wait for
 * the reader's confirmation. */
typedef struct _ShmoozeLetters ShmoozeLetters;

ShmoozeLetters *shmooze_letters_new         (void);
void            shmooze_letters_free        (ShmoozeLetters  *self);
guint           shmooze_letters_get_n       (ShmoozeLetters  *self);
gsize           shmooze_letters_get_longest (ShmoozeLetters  *self);
void            shmooze_letters_add         (ShmoozeLetters  *self,
                                             gconstpointer    data,
                                             gsize            size,
                                             GTask           *task);
gboolean        shmooze_letters_send        (ShmoozeLetters  *self,
                                             ShmoozeView     *view,
                                             gint64           position);
void            shmooze_letters_fail        (ShmoozeLetters  *self,
                                             const GError    *error);

G_END_DECLS
