/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How `shmoozectl show-text` prints a text, once or each time that it has changed. */
typedef struct
{
  const char *name;
  gboolean    json;
  gboolean    color;
  gboolean    terminal;      /* a person reads … */
  gboolean    erases;        /* … where the former text can be erased */
  gboolean    again;         /* it is one of many */
  int         interrupt_fd;
  guint       n_rows;        /* that the text takes there now */
} CtlTextPrinter;

void     ctl_text_printer_init  (CtlTextPrinter  *self,
                                 const char      *name,
                                 gboolean         json,
                                 gboolean         color,
                                 gboolean         again);
gboolean ctl_text_printer_print (CtlTextPrinter  *self,
                                 const char      *text,
                                 GError         **error);
void     ctl_text_printer_keep  (CtlTextPrinter  *self);

G_END_DECLS
