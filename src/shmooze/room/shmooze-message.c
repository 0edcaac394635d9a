/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-message-private.h"

#include "room/shmooze-display-line-private.h"
#include "room/shmooze-seats-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* An atomically reference-counted box (g_atomic_rc_box_alloc()). */
struct _ShmoozeMessage
{
  guint64   number;
  gint64    time;
  char     *sender;  /* a GRefString: the messages of a sender share it */
  guint     seat;
  gboolean  own;
  char      text[];
};

/* A message in the queue: this, then the nick and the text, neither of them terminated. */
typedef struct
{
  guint64 number;
  gint64  time;
  guint32 nick_length;
  guint32 text_length;
} MessageHead;

G_DEFINE_BOXED_TYPE (ShmoozeMessage, shmooze_message, shmooze_message_ref, shmooze_message_unref)

/* Like g_utf8_validate_len() for a terminated string, but faster for ASCII, which most messages consist of. */
gboolean
shmooze_text_is_valid (const char *text,
                       gsize       length)
{
  guint64 word, all = 0;
  gsize i;

  for (i = 0; i + sizeof word <= length; i += sizeof word)
    {
      memcpy (&word, text + i, sizeof word);
      all |= word;
    }
  for (; i < length; i++)
    all |= (guchar) text[i];
  return (all & G_GUINT64_CONSTANT (0x8080808080808080)) == 0 ? strlen (text) == length
                                                              : g_utf8_validate_len (text, length, NULL);
}

static ShmoozeMessage *
message_new (const MessageHead *head,
             guint              seat,
             char              *sender,
             const char        *text,
             gsize              length,
             gboolean           own)
{
  ShmoozeMessage *self = g_atomic_rc_box_alloc (sizeof *self + length + 1);

  self->number = head->number;
  self->time = head->time;
  self->sender = g_ref_string_acquire (sender);
  self->seat = seat;
  self->own = own;
  memcpy (self->text, text, length);
  self->text[length] = '\0';
  return self;
}

static void
message_clear (gpointer data)
{
  ShmoozeMessage *self = data;

  g_ref_string_release (self->sender);
}

/* Most messages have the same sender as the previous one from that seat. */
static void
recognize_sender (char       **last,
                  const char  *nick,
                  gsize        length)
{
  g_autofree char *line = NULL;

  if (*last != NULL && g_ref_string_length (*last) == length && memcmp (*last, nick, length) == 0)
    return;

  line = shmooze_display_line_new (nick, length);
  g_clear_pointer (last, g_ref_string_release);
  *last = g_ref_string_new (line);
}

/* Reads one frame. Nothing in it can be trusted, and all of it can change at any time: it is copied first, then
 * checked. @last_sender is the GRefString that the seat's previous message had, and becomes this one's. */
static ShmoozeMessage *
parse (const char  *frame,
       gsize        size,
       guint        seat,
       char       **last_sender,
       GError     **error)
{
  g_autoptr(ShmoozeMessage) self = NULL;
  g_autofree char *valid = NULL;
  MessageHead head = { 0 };
  char nick[SHMOOZE_NICK_MAX];

  if (size >= sizeof head)
    memcpy (&head, frame, sizeof head);
  if (size < sizeof head || head.nick_length > SHMOOZE_NICK_MAX ||
      head.text_length > size - sizeof head || head.nick_length != size - sizeof head - head.text_length)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                   _("Invalid message of %zu bytes in the lane of seat %u: nick of %u bytes, text of %u bytes"),
                   size, seat, head.nick_length, head.text_length);
      return NULL;
    }

  memcpy (nick, frame + sizeof head, head.nick_length);
  recognize_sender (last_sender, nick, head.nick_length);
  self = message_new (&head, seat, *last_sender, frame + sizeof head + head.nick_length, head.text_length, FALSE);
  if (shmooze_text_is_valid (self->text, head.text_length))
    return g_steal_pointer (&self);

  valid = g_utf8_make_valid (self->text, head.text_length);
  return message_new (&head, seat, *last_sender, valid, strlen (valid), FALSE);
}

/* Takes up to @most messages from the lane of a seat and appends them to @messages. */
gboolean
shmooze_messages_read (GPtrArray      *messages,
                       ShmoozeReader  *reader,
                       guint           seat,
                       guint           most,
                       char          **last_sender,
                       GError        **error)
{
  g_autoptr(GError) local_error = NULL;
  const char *frame;
  gsize size;

  while (most-- > 0 && (frame = shmooze_reader_peek (reader, &size, &local_error)) != NULL)
    {
      ShmoozeMessage *message = parse (frame, size, seat, last_sender, &local_error);

      shmooze_reader_release (reader);
      if (message == NULL)
        break;
      g_ptr_array_add (messages, message);
    }
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Writes a message into the writer's queue, and returns it. @nick is a GRefString. @numbers is the room's counter;
 * it is increased last, so that numbers and positions agree as far as possible. */
ShmoozeMessage *
shmooze_message_put (ShmoozeWriter  *writer,
                     ShmoozeWord    *numbers,
                     guint           seat,
                     char           *nick,
                     const char     *text,
                     GError        **error)
{
  MessageHead head = {
    .nick_length = (guint32) strlen (nick),
    .text_length = (guint32) strlen (text)
  };
  gsize size = sizeof head + head.nick_length + head.text_length;
  char *place = shmooze_writer_reserve (writer, size, error);

  if (place == NULL)
    return NULL;

  head.time = g_get_real_time ();
  head.number = atomic_fetch_add (numbers, 1) + 1;
  memcpy (place, &head, sizeof head);
  memcpy (place + sizeof head, nick, head.nick_length);
  memcpy (place + sizeof head + head.nick_length, text, head.text_length);
  shmooze_writer_commit (writer, size);
  return message_new (&head, seat, nick, text, head.text_length, TRUE);
}

/* For an array of messages: the order in which all transcripts show them. */
gint
shmooze_message_compare (gconstpointer a,
                         gconstpointer b)
{
  const ShmoozeMessage *one = *(ShmoozeMessage *const *) a;
  const ShmoozeMessage *two = *(ShmoozeMessage *const *) b;

  if (one->number != two->number)
    return one->number < two->number ? -1 : 1;
  return (one->seat > two->seat) - (one->seat < two->seat);
}

/**
 * shmooze_message_ref:
 * @self: a message
 *
 * Increases the reference count of @self by one.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
ShmoozeMessage *
shmooze_message_ref (ShmoozeMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

/**
 * shmooze_message_unref:
 * @self: (transfer full): a message
 *
 * Decreases the reference count of @self by one, and frees it when the count
 * reaches zero.
 *
 * Since: 1.0
 */
void
shmooze_message_unref (ShmoozeMessage *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, message_clear);
}

/**
 * shmooze_message_get_number:
 * @self: a message
 *
 * Gets the number of the message in its room. The first message has number 1.
 *
 * All participants see the same order when they sort messages by number, and
 * by seat where a faulty peer has used a number again.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
shmooze_message_get_number (ShmoozeMessage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->number;
}

/**
 * shmooze_message_get_seat:
 * @self: a message
 *
 * Gets the seat from which the message was sent. Other participants may have
 * had the seat before and after.
 *
 * Returns: the number of the seat
 *
 * Since: 1.0
 */
guint
shmooze_message_get_seat (ShmoozeMessage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->seat;
}

/**
 * shmooze_message_get_sender:
 * @self: a message
 *
 * Gets the nickname of the sender.
 *
 * Returns: the nickname, one line of valid UTF-8
 *
 * Since: 1.0
 */
const char *
shmooze_message_get_sender (ShmoozeMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->sender;
}

/**
 * shmooze_message_get_text:
 * @self: a message
 *
 * Gets the text of the message. It can have several lines.
 *
 * Returns: the text, valid UTF-8
 *
 * Since: 1.0
 */
const char *
shmooze_message_get_text (ShmoozeMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->text;
}

/**
 * shmooze_message_get_time:
 * @self: a message
 *
 * Gets the time at which the message was sent, as the sender recorded it.
 *
 * Returns: the time, in microseconds since 1970
 *
 * Since: 1.0
 */
gint64
shmooze_message_get_time (ShmoozeMessage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->time;
}

/**
 * shmooze_message_is_own:
 * @self: a message
 *
 * Gets whether the message was sent by the [class@Room] that emitted it.
 *
 * Returns: %TRUE if the message was sent by the same room object
 *
 * Since: 1.0
 */
gboolean
shmooze_message_is_own (ShmoozeMessage *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->own;
}
