/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-message-private.h"

#include "room/shmooze-seats-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/**
 * ShmoozeMessage:
 *
 * A message of a room.
 *
 * Since: 1.0
 */

struct _ShmoozeMessage
{
  GObject   parent_instance;

  guint64   number;
  guint     seat;
  char     *sender;  /* a GRefString: many messages share it */
  char     *text;
  gint64    time;
  gboolean  own;
};

/* A message in the queue: this, then nick and text without NULs. */
typedef struct
{
  guint64 number;
  gint64  time;
  guint32 nick_length;
  guint32 text_length;
} MessageHead;

G_DEFINE_FINAL_TYPE (ShmoozeMessage, shmooze_message, G_TYPE_OBJECT)

static void
shmooze_message_finalize (GObject *object)
{
  ShmoozeMessage *self = SHMOOZE_MESSAGE (object);

  g_clear_pointer (&self->sender, g_ref_string_release);
  g_free (self->text);

  G_OBJECT_CLASS (shmooze_message_parent_class)->finalize (object);
}

static void
shmooze_message_class_init (ShmoozeMessageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = shmooze_message_finalize;
}

static void
shmooze_message_init (ShmoozeMessage *self)
{
}

/* @sender is a GRefString, @text is taken over. */
static ShmoozeMessage *
shmooze_message_new (const MessageHead *head,
                     guint              seat,
                     char              *sender,
                     char              *text,
                     gboolean           own)
{
  ShmoozeMessage *self = g_object_new (SHMOOZE_TYPE_MESSAGE, NULL);

  self->number = head->number;
  self->seat = seat;
  self->sender = g_ref_string_acquire (sender);
  self->text = text;
  self->time = head->time;
  self->own = own;
  return self;
}

/* Most messages have the same sender as the last one from that seat. */
static void
recognize_sender (char       **last,
                  const char  *nick,
                  gsize        length)
{
  g_autofree char *legible = NULL;

  if (*last != NULL && g_ref_string_length (*last) == length && memcmp (*last, nick, length) == 0)
    return;

  legible = shmooze_seats_legible (nick, length);
  g_clear_pointer (last, g_ref_string_release);
  *last = g_ref_string_new (legible);
}

/* Valid UTF-8, whatever was there. */
static char *
copy_text (const char *text,
           gsize       length)
{
  g_autofree char *copy = g_malloc (length + 1);

  memcpy (copy, text, length);
  copy[length] = '\0';
  if (g_utf8_validate_len (copy, length, NULL))
    return g_steal_pointer (&copy);
  return g_utf8_make_valid (copy, (gssize) length);
}

/* Reads one frame. Everything in it is a stranger's word: copied first, then checked. @last_sender is the
 * GRefString that this seat's last message had, and becomes this one's. */
ShmoozeMessage *
shmooze_message_parse (const char  *frame,
                       gsize        size,
                       guint        seat,
                       char       **last_sender,
                       GError     **error)
{
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
  return shmooze_message_new (&head, seat, *last_sender,
                              copy_text (frame + sizeof head + head.nick_length, head.text_length), FALSE);
}

/* Writes a message into the writer's queue, and returns it as one's own. @nick is a GRefString. @numbers is the
 * room's counter; it is asked last, so that numbers and places agree as far as they can. */
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
  char *room = shmooze_writer_reserve (writer, size, error);

  if (room == NULL)
    return NULL;

  head.time = g_get_real_time ();
  head.number = atomic_fetch_add (numbers, 1) + 1;
  memcpy (room, &head, sizeof head);
  memcpy (room + sizeof head, nick, head.nick_length);
  memcpy (room + sizeof head + head.nick_length, text, head.text_length);
  shmooze_writer_commit (writer, size);
  return shmooze_message_new (&head, seat, nick, g_strndup (text, head.text_length), TRUE);
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
 * shmooze_message_get_number:
 * @self: a message
 *
 * Gets the message's number in the room. Sorted by number, and by seat where
 * a broken peer used a number twice, all see the same order.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
shmooze_message_get_number (ShmoozeMessage *self)
{
  g_return_val_if_fail (SHMOOZE_IS_MESSAGE (self), 0);

  return self->number;
}

/**
 * shmooze_message_get_seat:
 * @self: a message
 *
 * Gets the seat it was sent from. Others may have sat there before and after.
 *
 * Returns: the seat's number
 *
 * Since: 1.0
 */
guint
shmooze_message_get_seat (ShmoozeMessage *self)
{
  g_return_val_if_fail (SHMOOZE_IS_MESSAGE (self), 0);

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
  g_return_val_if_fail (SHMOOZE_IS_MESSAGE (self), NULL);

  return self->sender;
}

/**
 * shmooze_message_get_text:
 * @self: a message
 *
 * Gets the text.
 *
 * Returns: the text, valid UTF-8, perhaps of several lines
 *
 * Since: 1.0
 */
const char *
shmooze_message_get_text (ShmoozeMessage *self)
{
  g_return_val_if_fail (SHMOOZE_IS_MESSAGE (self), NULL);

  return self->text;
}

/**
 * shmooze_message_get_time:
 * @self: a message
 *
 * Gets when it was sent, by the sender's word.
 *
 * Returns: the time, in microseconds since 1970
 *
 * Since: 1.0
 */
gint64
shmooze_message_get_time (ShmoozeMessage *self)
{
  g_return_val_if_fail (SHMOOZE_IS_MESSAGE (self), 0);

  return self->time;
}

/**
 * shmooze_message_is_own:
 * @self: a message
 *
 * Gets whether this [class@Room] sent it.
 *
 * Returns: whether it is one's own
 *
 * Since: 1.0
 */
gboolean
shmooze_message_is_own (ShmoozeMessage *self)
{
  g_return_val_if_fail (SHMOOZE_IS_MESSAGE (self), FALSE);

  return self->own;
}
