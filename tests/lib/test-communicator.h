/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-region.h"

G_BEGIN_DECLS

#define CAPACITY SHMOOZE_COMMUNICATOR_CAPACITY
#define FIRST 0
#define SECOND 2000
#define DATA_AT 12
#define FIRST_ROOM (SECOND - FIRST - DATA_AT)
#define SECOND_ROOM (CAPACITY - SECOND - DATA_AT)

/* A communicator whose signals are recorded. */
typedef struct
{
  ShmoozeCommunicator *communicator;
  GPtrArray           *received;     /* of GBytes */
  GPtrArray           *errors;       /* of GError */
  GPtrArray           *notified;     /* of char *: "n-unconfirmed 1", "peer-present TRUE" */
  GThread             *thread;       /* in which the last signal was emitted */
} End;

static inline void
on_received (ShmoozeCommunicator *communicator,
             GBytes              *data,
             gpointer             user_data)
{
  End *self = user_data;

  self->thread = g_thread_self ();
  g_ptr_array_add (self->received, g_bytes_ref (data));
}

static inline void
on_failed (ShmoozeCommunicator *communicator,
           GError              *error,
           gpointer             user_data)
{
  End *self = user_data;

  self->thread = g_thread_self ();
  g_ptr_array_add (self->errors, g_error_copy (error));
}

static inline void
on_notify (GObject    *communicator,
           GParamSpec *pspec,
           gpointer    user_data)
{
  End *self = user_data;
  g_auto(GValue) value = G_VALUE_INIT, text = G_VALUE_INIT;

  g_value_init (&text, G_TYPE_STRING);
  g_object_get_property (communicator, pspec->name, &value);
  g_value_transform (&value, &text);
  g_ptr_array_add (self->notified, g_strdup_printf ("%s %s", pspec->name, g_value_get_string (&text)));
}

static inline End *
end_new (const char *name,
         gint64      read_position,
         gint64      write_position)
{
  g_autoptr(GError) error = NULL;
  End *self = g_new0 (End, 1);

  self->received = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  self->notified = g_ptr_array_new_with_free_func (g_free);
  self->communicator = shmooze_communicator_new (name, CAPACITY, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->communicator);
  g_signal_connect (self->communicator, "data-received", G_CALLBACK (on_received), self);
  g_signal_connect (self->communicator, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (self->communicator, "notify", G_CALLBACK (on_notify), self);
  if (read_position >= 0)
    g_assert_true (shmooze_communicator_set_read_position (self->communicator, read_position, &error));
  g_assert_no_error (error);
  if (write_position >= 0)
    g_assert_true (shmooze_communicator_set_write_position (self->communicator, write_position, &error));
  g_assert_no_error (error);
  return self;
}

static inline void
end_free (End *self)
{
  if (self->communicator != NULL)
    {
      shmooze_communicator_close (self->communicator);
      g_signal_handlers_disconnect_by_data (self->communicator, self);
    }
  g_clear_object (&self->communicator);
  g_ptr_array_unref (self->received);
  g_ptr_array_unref (self->errors);
  g_ptr_array_unref (self->notified);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (End, end_free)

static inline void
start (End *self)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (shmooze_communicator_start_reader (self->communicator, &error));
  g_assert_no_error (error);
}

static inline End *
reader_new (const char *name,
            gint64      position)
{
  End *self = end_new (name, position, -1);

  start (self);
  return self;
}

static inline void
write_text (End        *self,
            const char *text)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (shmooze_communicator_write_text (self->communicator, text, &error));
  g_assert_no_error (error);
}

static inline gboolean
is_text (GBytes     *message,
         const char *text)
{
  gsize size;
  const char *data = g_bytes_get_data (message, &size);

  return size == strlen (text) && (size == 0 || memcmp (data, text, size) == 0);
}

/* Waits for the message number @number, from 0, which must be @text. */
static inline void
expect (End        *self,
        guint       number,
        const char *text)
{
  test_wait (self->received->len > number);
  g_assert_true (is_text (self->received->pdata[number], text));
}

static inline guint
unconfirmed (End *self)
{
  return shmooze_communicator_get_n_unconfirmed (self->communicator);
}

static inline gboolean
was_notified (End        *self,
              const char *what)
{
  return g_ptr_array_find_with_equal_func (self->notified, what, g_str_equal, NULL);
}

/* Checks the last failure that was reported. */
static inline void
check_failure (End        *self,
               int         code,
               const char *word)
{
  g_autoptr(GError) error = g_error_copy (g_ptr_array_index (self->errors, self->errors->len - 1));

  test_check_error (&error, SHMOOZE_ERROR, code, word, NULL);
}

/* The region's bytes, as another program sees them. */
typedef struct
{
  ShmoozeRegion *region;
  ShmoozeView   *view;
  guint8        *bytes;
} Memory;

static inline Memory *
memory_new (const char *name)
{
  g_autoptr(GError) error = NULL;
  Memory *self = g_new0 (Memory, 1);

  self->region = shmooze_region_create_or_open (name, CAPACITY, RW, NULL, &error);
  g_assert_no_error (error);
  self->view = view_of (self->region, 0, 0, RW);
  self->bytes = shmooze_view_get_data (self->view);
  return self;
}

static inline void
memory_free (Memory *self)
{
  g_object_unref (self->view);
  g_object_unref (self->region);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Memory, memory_free)

static inline void
put_raw (guint8     *slot,
         guint8      available,
         guint8      confirm,
         gint32      length,
         const char *text)
{
  gint32 little = GINT32_TO_LE (length);

  memcpy (slot + 2, &little, sizeof little);
  if (text != NULL)
    memcpy (slot + DATA_AT, text, strlen (text));
  slot[1] = confirm;
  slot[0] = available;
}

static inline gint32
length_in (const guint8 *slot)
{
  gint32 little;

  memcpy (&little, slot + 2, sizeof little);
  return GINT32_FROM_LE (little);
}

typedef struct
{
  gboolean done;
  gboolean written;
  GError  *error;
} Outcome;

static inline void
on_written (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Outcome *self = user_data;

  self->written = shmooze_communicator_write_finish (SHMOOZE_COMMUNICATOR (object), result, &self->error);
  self->done = TRUE;
}

static inline void
write_async (End          *end,
             const char   *text,
             GCancellable *cancellable,
             Outcome      *outcome)
{
  shmooze_communicator_write_async (end->communicator, text, strlen (text), cancellable, on_written, outcome);
}

G_END_DECLS
