/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-transcript.h"

#include "chat-clamp.h"
#include "chat-words.h"

#include <glib/gi18n.h>

#define BAR_SPACE 12
#define CAPTION_SPACE 12
#define CAPTION_GAP (5 * 60 * G_USEC_PER_SEC)

typedef enum
{
  ITEM_MESSAGE,
  ITEM_UNSENT,
  ITEM_EVENT
} ItemKind;

typedef struct
{
  guint64   number;
  gint64    time;
  char     *sender;       /* a GRefString */
  guint     seat;
  int       n_lines;
  ItemKind  kind;
  gboolean  is_own;
  gboolean  has_caption;
} Item;

struct _ChatTranscript
{
  ChatTextView   parent_instance;

  GtkTextBuffer *buffer;
  GtkTextTag    *caption_tag;
  GtkTextTag    *body_tag;
  GtkTextTag    *peer_tag;
  GtkTextTag    *unsent_tag;
  GtkTextTag    *event_tag;
  GArray        *items;
  guint          room_start;    /* the first item of the current room; older items are not sorted any more */
  GtkAdjustment *vadjustment;
  gboolean       at_end;
  guint          follow_id;
};

G_DEFINE_FINAL_TYPE (ChatTranscript, chat_transcript, CHAT_TYPE_TEXT_VIEW)

static void
item_clear (gpointer data)
{
  Item *item = data;

  g_clear_pointer (&item->sender, g_ref_string_release);
}

static Item *
get_item (ChatTranscript *self,
          guint           index)
{
  return &g_array_index (self->items, Item, index);
}

/* Returns the caption of @item if @before is the item above it, or NULL if @item needs none: an event, or a message
 * that continues a run of messages of the same sender. */
static char *
make_caption (const Item *item,
              const Item *before)
{
  g_autofree char *name = NULL;
  g_autofree char *remark = NULL;

  if (item->kind == ITEM_EVENT)
    return NULL;

  if (item->kind == ITEM_MESSAGE && before != NULL && before->kind == ITEM_MESSAGE
      && before->sender == item->sender && before->seat == item->seat && before->is_own == item->is_own
      && item->time - before->time <= CAPTION_GAP)
    return NULL;

  /* Translators: above your own messages, in place of the name: “You · 10:42” */
  name = item->is_own ? g_strdup (_("You")) : chat_words_name (item->sender);

  if (item->kind == ITEM_UNSENT)
    /* Translators: above the unsent text of a window that crashed: “Ben · not sent” */
    remark = g_strdup (_("not sent"));
  else
    remark = chat_words_time (item->time, before != NULL ? before->time : g_get_real_time ());

  return chat_words_caption (name, remark);
}

static void
insert_text (ChatTranscript *self,
             GtkTextIter    *iter,
             const Item     *item,
             const char     *text,
             GtkTextTag     *tag)
{
  const int offset = gtk_text_iter_get_offset (iter);
  GtkTextIter start;

  gtk_text_buffer_insert (self->buffer, iter, text, -1);
  gtk_text_buffer_get_iter_at_offset (self->buffer, &start, offset);

  /* Text that is inserted within tagged text inherits its tags. */
  if (!gtk_text_iter_is_end (iter))
    gtk_text_buffer_remove_all_tags (self->buffer, &start, iter);

  gtk_text_buffer_apply_tag (self->buffer, tag, &start, iter);
  if (item->kind == ITEM_UNSENT || (item->kind == ITEM_MESSAGE && !item->is_own))
    gtk_text_buffer_apply_tag (self->buffer, self->peer_tag, &start, iter);
  if (item->kind == ITEM_UNSENT)
    gtk_text_buffer_apply_tag (self->buffer, self->unsent_tag, &start, iter);
}

/* @before: the newline that ends the previous line, or "" */
static void
insert_caption (ChatTranscript *self,
                GtkTextIter    *iter,
                const Item     *item,
                const char     *before,
                const char     *caption)
{
  g_autofree char *line = g_strconcat (before, caption, "\n", NULL);

  insert_text (self, iter, item, line, self->caption_tag);
}

/* Returns the line at which the item at @index starts. Lines are counted from the end, because items are inserted at
 * the end or close to it. */
static int
get_first_line (ChatTranscript *self,
                guint           index)
{
  int line = gtk_text_buffer_get_line_count (self->buffer);

  for (guint i = self->items->len; i > index; i--)
    line -= get_item (self, i - 1)->n_lines;

  return line;
}

/* Updates the caption of the item at @index, which has a new predecessor. */
static void
update_caption (ChatTranscript *self,
                guint           index)
{
  Item *item = get_item (self, index);
  g_autofree char *caption = make_caption (item, index > 0 ? get_item (self, index - 1) : NULL);
  const int line = get_first_line (self, index);
  GtkTextIter start, end;

  gtk_text_buffer_get_iter_at_line (self->buffer, &start, line);

  if (item->has_caption)
    {
      gtk_text_buffer_get_iter_at_line (self->buffer, &end, line + 1);
      gtk_text_buffer_delete (self->buffer, &start, &end);
      item->n_lines--;
    }

  item->has_caption = caption != NULL;

  if (caption != NULL)
    {
      insert_caption (self, &start, item, "", caption);
      item->n_lines++;
    }
}

/* Takes ownership of the contents of @item. */
static void
insert_item (ChatTranscript *self,
             guint           index,
             Item           *item,
             const char     *body)
{
  const gboolean is_last = index == self->items->len;
  const gboolean is_first = self->items->len == 0;
  const int n_lines = gtk_text_buffer_get_line_count (self->buffer);
  /* The newline between two items has the tags of the second one. If both have the same tags, there is no tag boundary
   * between them that the buffer would have to store. */
  const char *before = is_last && !is_first ? "\n" : "";
  g_autofree char *caption = make_caption (item, index > 0 ? get_item (self, index - 1) : NULL);
  g_autofree char *text = g_strconcat (caption != NULL ? "" : before, body, is_last ? "" : "\n", NULL);
  GtkTextIter iter;

  if (is_last)
    gtk_text_buffer_get_end_iter (self->buffer, &iter);
  else
    gtk_text_buffer_get_iter_at_line (self->buffer, &iter, get_first_line (self, index));

  if (caption != NULL)
    insert_caption (self, &iter, item, before, caption);

  insert_text (self, &iter, item, text, item->kind == ITEM_EVENT ? self->event_tag : self->body_tag);

  item->has_caption = caption != NULL;
  item->n_lines = gtk_text_buffer_get_line_count (self->buffer) - n_lines + (is_first ? 1 : 0);
  g_array_insert_vals (self->items, index, item, 1);

  if (!is_last)
    update_caption (self, index + 1);

  /* Queue a resize, so that the new lines are measured in the layout phase of the next frame, together with the scroll
   * bar, rather than in its paint phase. */
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

/* Returns the index at which to insert @item. Messages that are sent at the same time may arrive in any order, so each
 * transcript sorts them by number and seat. */
static guint
find_place (ChatTranscript *self,
            const Item     *item)
{
  guint place = self->items->len;

  for (guint i = self->items->len; i > self->room_start; i--)
    {
      const Item *other = get_item (self, i - 1);

      if (other->kind != ITEM_MESSAGE)
        continue;

      if (other->number < item->number || (other->number == item->number && other->seat <= item->seat))
        break;

      place = i - 1;
    }

  return place;
}

gboolean
chat_transcript_is_empty (ChatTranscript *self)
{
  return gtk_text_buffer_get_char_count (self->buffer) == 0;
}

void
chat_transcript_add_message (ChatTranscript *self,
                             ShmoozeMessage *message)
{
  g_autofree char *body = g_strchomp (g_strdup (shmooze_message_get_text (message)));
  Item item = {
    .kind = ITEM_MESSAGE,
    .number = shmooze_message_get_number (message),
    .time = shmooze_message_get_time (message),
    .sender = g_ref_string_new_intern (shmooze_message_get_sender (message)),
    .seat = shmooze_message_get_seat (message),
    .is_own = shmooze_message_is_own (message),
  };

  insert_item (self, find_place (self, &item), &item, body);
}

/* Adds a message with the current time. For layouts in which messages have neither a number nor a time. */
void
chat_transcript_add_text (ChatTranscript *self,
                          const char     *sender,
                          const char     *text,
                          gboolean        is_own)
{
  g_autofree char *body = g_strchomp (g_strdup (text));
  Item item = {
    .kind = ITEM_MESSAGE,
    .time = g_get_real_time (),
    .sender = g_ref_string_new_intern (sender),
    .is_own = is_own,
  };

  insert_item (self, self->items->len, &item, body);
}

void
chat_transcript_add_unsent (ChatTranscript *self,
                            const char     *nick,
                            const char     *text)
{
  g_autofree char *body = g_strchomp (g_strdup (text));
  Item item = {
    .kind = ITEM_UNSENT,
    .time = g_get_real_time (),
    .sender = g_ref_string_new_intern (nick),
  };

  insert_item (self, self->items->len, &item, body);
}

void
chat_transcript_add_event (ChatTranscript *self,
                           const char     *what)
{
  const gint64 now = g_get_real_time ();
  g_autofree char *time = chat_words_time (now, now);
  g_autofree char *body = chat_words_caption (what, time);
  Item item = { .kind = ITEM_EVENT, .time = now };

  insert_item (self, self->items->len, &item, body);
}

/* The messages that follow belong to a new room, whose numbers start again. */
void
chat_transcript_begin_room (ChatTranscript *self)
{
  self->room_start = self->items->len;
}

void
chat_transcript_clear (ChatTranscript *self)
{
  gtk_text_buffer_set_text (self->buffer, "", 0);
  g_array_set_size (self->items, 0);
  self->room_start = 0;
}

static void
chat_transcript_set_colors (ChatTextView  *view,
                            const GdkRGBA *peer,
                            const GdkRGBA *dim)
{
  ChatTranscript *self = CHAT_TRANSCRIPT (view);

  g_object_set (self->peer_tag, "foreground-rgba", peer, NULL);
  g_object_set (self->caption_tag, "foreground-rgba", dim, NULL);
  g_object_set (self->event_tag, "foreground-rgba", dim, NULL);
}

static void
chat_transcript_snapshot_layer (GtkTextView      *view,
                                GtkTextViewLayer  layer,
                                GtkSnapshot      *snapshot)
{
  ChatTranscript *self = CHAT_TRANSCRIPT (view);
  GdkRectangle visible;
  GtkTextIter iter;
  int bar_top = 0;
  int bar_bottom = 0;

  if (layer != GTK_TEXT_VIEW_LAYER_BELOW_TEXT || self->items->len == 0)
    return;

  gtk_text_view_get_visible_rect (view, &visible);
  gtk_text_view_get_line_at_y (view, &iter, visible.y, NULL);

  do
    {
      const gboolean is_caption = gtk_text_iter_has_tag (&iter, self->caption_tag);
      const gboolean is_peer = gtk_text_iter_has_tag (&iter, self->peer_tag);
      int y, height;

      gtk_text_view_get_line_yrange (view, &iter, &y, &height);

      if (y > visible.y + visible.height)
        break;

      if ((is_caption || !is_peer) && bar_bottom > bar_top)
        {
          chat_text_view_draw_bar (CHAT_TEXT_VIEW (self), snapshot, bar_top, bar_bottom);
          bar_top = bar_bottom = 0;
        }

      if (is_peer)
        {
          if (bar_bottom == bar_top)
            bar_top = is_caption ? y + CAPTION_SPACE : y;
          bar_bottom = y + height;
        }
    }
  while (gtk_text_iter_forward_line (&iter));

  if (bar_bottom > bar_top)
    chat_text_view_draw_bar (CHAT_TEXT_VIEW (self), snapshot, bar_top, bar_bottom);
}

static void
chat_transcript_size_allocate (GtkWidget *widget,
                               int        width,
                               int        height,
                               int        baseline)
{
  chat_text_view_set_margins (CHAT_TEXT_VIEW (widget), chat_clamp_get_margin (width), BAR_SPACE);

  GTK_WIDGET_CLASS (chat_transcript_parent_class)->size_allocate (widget, width, height, baseline);
}

static double
get_end (ChatTranscript *self)
{
  return gtk_adjustment_get_upper (self->vadjustment) - gtk_adjustment_get_page_size (self->vadjustment);
}

/* Scrolls to the end when the text grows or the view changes its size, unless the user has scrolled away from it. */
static gboolean
follow_end (GtkWidget     *widget,
            GdkFrameClock *clock,
            gpointer       data)
{
  ChatTranscript *self = CHAT_TRANSCRIPT (widget);

  self->follow_id = 0;

  if (self->at_end && gtk_adjustment_get_value (self->vadjustment) < get_end (self))
    gtk_adjustment_set_value (self->vadjustment, get_end (self));

  return G_SOURCE_REMOVE;
}

/* The text view validates the height of a line when the line comes into view, and changes the adjustment each time. It
 * must not be scrolled during the validation, nor between layout and paint, so this is left to a tick callback, which
 * runs at the start of the next frame. */
static void
on_resized (ChatTranscript *self)
{
  if (self->at_end && self->follow_id == 0 && gtk_adjustment_get_page_size (self->vadjustment) > 0)
    self->follow_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), follow_end, NULL, NULL);
}

/* A change of the value comes from the text view while a scroll to the end is pending, and otherwise from the user. */
static void
on_moved (ChatTranscript *self)
{
  if (self->follow_id == 0 && gtk_adjustment_get_page_size (self->vadjustment) > 0)
    self->at_end = gtk_adjustment_get_value (self->vadjustment) + 1 >= get_end (self);
}

static void
on_vadjustment_set (ChatTranscript *self)
{
  if (self->vadjustment != NULL)
    g_signal_handlers_disconnect_by_data (self->vadjustment, self);

  g_set_object (&self->vadjustment, gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (self)));

  if (self->vadjustment == NULL)
    return;

  g_signal_connect_object (self->vadjustment, "value-changed", G_CALLBACK (on_moved), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->vadjustment, "changed", G_CALLBACK (on_resized), self, G_CONNECT_SWAPPED);
}

static void
chat_transcript_dispose (GObject *object)
{
  ChatTranscript *self = CHAT_TRANSCRIPT (object);

  g_clear_object (&self->vadjustment);

  if (self->follow_id != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->follow_id);

  self->follow_id = 0;

  G_OBJECT_CLASS (chat_transcript_parent_class)->dispose (object);
}

static void
chat_transcript_finalize (GObject *object)
{
  ChatTranscript *self = CHAT_TRANSCRIPT (object);

  g_array_unref (self->items);

  G_OBJECT_CLASS (chat_transcript_parent_class)->finalize (object);
}

static void
chat_transcript_class_init (ChatTranscriptClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = chat_transcript_dispose;
  object_class->finalize = chat_transcript_finalize;
  GTK_WIDGET_CLASS (klass)->size_allocate = chat_transcript_size_allocate;
  GTK_TEXT_VIEW_CLASS (klass)->snapshot_layer = chat_transcript_snapshot_layer;
  CHAT_TEXT_VIEW_CLASS (klass)->set_colors = chat_transcript_set_colors;
}

static void
chat_transcript_init (ChatTranscript *self)
{
  GtkTextView *view = GTK_TEXT_VIEW (self);

  self->items = g_array_new (FALSE, FALSE, sizeof (Item));
  g_array_set_clear_func (self->items, item_clear);
  self->at_end = TRUE;

  gtk_text_view_set_top_margin (view, 6);

  self->buffer = gtk_text_view_get_buffer (view);
  self->body_tag = gtk_text_buffer_create_tag (self->buffer, NULL,
                                               "pixels-above-lines", 3,
                                               "insert-hyphens", FALSE,
                                               NULL);
  self->caption_tag = gtk_text_buffer_create_tag (self->buffer, NULL,
                                                  "pixels-above-lines", CAPTION_SPACE,
                                                  "scale", PANGO_SCALE_SMALL,
                                                  NULL);
  self->peer_tag = gtk_text_buffer_create_tag (self->buffer, NULL, NULL);
  self->unsent_tag = gtk_text_buffer_create_tag (self->buffer, NULL, "style", PANGO_STYLE_ITALIC, NULL);
  self->event_tag = gtk_text_buffer_create_tag (self->buffer, NULL,
                                                "pixels-above-lines", CAPTION_SPACE,
                                                "justification", GTK_JUSTIFY_CENTER,
                                                "scale", PANGO_SCALE_SMALL,
                                                NULL);
  /* The caption tag has the highest priority, so that its dim colour overrides the colour of the peer's text. */
  gtk_text_tag_set_priority (self->caption_tag,
                             gtk_text_tag_table_get_size (gtk_text_buffer_get_tag_table (self->buffer)) - 1);

  g_signal_connect_object (self, "notify::vadjustment", G_CALLBACK (on_vadjustment_set), self, 0);
  on_vadjustment_set (self);
}
