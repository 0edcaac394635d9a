/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _CtlJson CtlJson;

CtlJson  *ctl_json_new          (gboolean      one_line);
void      ctl_json_free         (CtlJson      *self);
void      ctl_json_open_object  (CtlJson      *self,
                                 const char   *key);
void      ctl_json_close_object (CtlJson      *self);
void      ctl_json_open_array   (CtlJson      *self,
                                 const char   *key);
void      ctl_json_close_array  (CtlJson      *self);
void      ctl_json_add_string   (CtlJson      *self,
                                 const char   *key,
                                 const char   *value);
void      ctl_json_add_text     (CtlJson      *self,
                                 const char   *key,
                                 const char   *value,
                                 gsize         length);
void      ctl_json_add_null     (CtlJson      *self,
                                 const char   *key);
void      ctl_json_add_number   (CtlJson      *self,
                                 const char   *key,
                                 guint64       value);
void      ctl_json_add_boolean  (CtlJson      *self,
                                 const char   *key,
                                 gboolean      value);
void      ctl_json_open_string  (CtlJson      *self,
                                 const char   *key);
void      ctl_json_append       (CtlJson      *self,
                                 const char   *value,
                                 gsize         length);
void      ctl_json_close_string (CtlJson      *self);
gboolean  ctl_json_write        (CtlJson      *self,
                                 int           interrupt_fd,
                                 GError      **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlJson, ctl_json_free)

G_END_DECLS
