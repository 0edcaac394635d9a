/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define CTL_TYPE_PROMPT (ctl_prompt_get_type ())

G_DECLARE_FINAL_TYPE (CtlPrompt, ctl_prompt, CTL, PROMPT, GObject)

gboolean    ctl_prompt_prepare    (void);
CtlPrompt  *ctl_prompt_new        (int           interrupt_fd);
const char *ctl_prompt_get_text   (CtlPrompt    *self);
void        ctl_prompt_clear      (CtlPrompt    *self);
void        ctl_prompt_set_status (CtlPrompt    *self,
                                   const char   *status);
void        ctl_prompt_hide       (CtlPrompt    *self);
void        ctl_prompt_show       (CtlPrompt    *self);
gboolean    ctl_prompt_print      (CtlPrompt    *self,
                                   const char   *text,
                                   GError      **error);
void        ctl_prompt_close      (CtlPrompt    *self);

G_END_DECLS
