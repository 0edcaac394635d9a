# SPDX-License-Identifier: LGPL-2.1-or-later
"""The talk of two windows, the same on X11 and Wayland: what is typed in one shows in the other."""
import re
import threading
import a11y
from chat import Chat, end_all, hands, nothing_left, pair
from tap import case

SCRIPTS = {
    'Latin': 'The quick brown fox, 1 + 2 = 3?',
    'accented': 'Grüße aus Århus, déjà vu: ñ ç ø ß',
    'Chinese, Japanese, Korean': '你好 こんにちは 한국',
    'emoji': 'tea ☕ cat 😀 heart ❤',
    'right-to-left': 'שלום עולם مرحبا',
}


def lines(transcript, pattern):
    return re.findall(pattern, transcript)


@case
def two_windows_see_each_other_type():
    """Two windows show each other's text while it is typed."""
    a, b = pair('typing')
    before = b.shot('before')
    assert before.red() == 0, f'{before.red()} red pixels before anything was typed'
    for script, text in SCRIPTS.items():
        a.click(a.composer)
        hands.teach(text)
        typed = ''
        for chunk in re.findall(r'.{1,4}', text):
            a.type(chunk)
            typed += chunk
            b.wait_live('Ada', typed)
        assert a.draft() == text, f'{script}: {a.draft()!r} in the composer'
        a11y.wait(lambda: b.picture().red() > 100)
        b.shot(f'live-{script.split(",")[0].lower()}')
        a.erase()
        b.wait_live('Ada', '')
        a11y.wait(lambda: b.picture().red() == 0)
    assert not a.live('Ben') and not b.draft()
    end_all(a, b)
    nothing_left()


@case
def backspace_in_the_middle_shows():
    """An edit in the middle of a draft is shown."""
    a, b = pair('backspace')
    a.click(a.composer)
    a.type('one twwo three')
    b.wait_live('Ada', 'one twwo three')
    a.key(*['Left'] * 8, 'BackSpace')
    b.wait_live('Ada', 'one two three')
    a.type('X')
    b.wait_live('Ada', 'one tXwo three')
    a.key('BackSpace', 'Home', 'Delete', 'End', 'shift+Return')
    a.type('more')
    b.wait_live('Ada', 'ne two three\nmore')
    assert a.draft() == 'ne two three\nmore'
    assert 'three' not in b.transcript(), 'Shift+Enter must not send'
    end_all(a, b)


@case
def ten_thousand_characters_pasted_show():
    """A paste of 10,000 characters is shown."""
    a, b = pair('paste')
    text = ''.join(f'{i:04} lorem é ' for i in range(10000 // 13 + 1))[:10000]
    hands.set_clipboard(text)
    a.click(a.composer)
    a.key('ctrl+v')
    b.wait_live('Ada', text)
    assert a.draft() == text
    b.shot('pasted')
    a.key('Return')
    b.wait_said(text)
    a.wait_said(text)
    b.wait_live('Ada', '')
    end_all(a, b)


@case
def messages_reach_both_transcripts():
    """A sent message appears in both transcripts."""
    a, b = pair('messages')
    a.click(a.composer)
    for sender, other, text in ((a, b, 'Hello, can you read this?'), (b, a, 'Yes, while you type it! ☺'),
                                (a, b, 'Grüße, 你好 and שלום')):
        sender.click(sender.composer)
        sender.type(text)
        other.wait_live(sender.nick, text)
        sender.key('Return')
        for window in a, b:
            window.wait_said(text)
        other.wait_live(sender.nick, '')
        assert sender.draft() == ''
    order = r'can you read|while you type|Grüße'
    assert lines(a.transcript(), order) == lines(b.transcript(), order) == ['can you read', 'while you type', 'Grüße']
    assert 'Ben' in a.transcript() and 'Ada' in b.transcript(), 'who said it?'
    for window in a, b:
        a11y.wait(lambda: window.picture().red() > 50)
        window.shot(f'messages-{window.nick.lower()}')
    end_all(a, b)
    nothing_left()


@case
def five_hundred_messages_from_both_sides_at_once_keep_their_order():
    """500 messages from each side at once are in the same order in both windows."""
    a, b = pair('volume')
    count = {'a': 400, 'b': 100}
    words = {who: [f'{who}{i:03}' for i in range(n)] for who, n in count.items()}
    a.click(a.composer)
    # Ada has the keyboard; Ben, who cannot have it as well, is given his words by the other way in.
    typist = a.start_typing('\n'.join(words['a']) + '\n', 9)
    for word in words['b']:
        b.send(word)
    assert typist.wait(120 * a11y.PATIENCE) == 0
    for window in a, b:
        window.wait_said(words['a'][-1], words['b'][-1], seconds=60)

    def agreed():
        got = [lines(w.transcript(), r'\b[ab]\d{3}\b') for w in (a, b)]
        return got[0] == got[1] and len(got[0]) == sum(count.values()) and got[0]
    agreed.__doc__ = 'the transcripts never agreed'
    said = a11y.wait(agreed, 30)
    for who in words:
        assert [s for s in said if s[0] == who] == words[who], f'the order of {who}'
    swaps = sum(x[0] != y[0] for x, y in zip(said, said[1:]))
    assert swaps > 2, f'they did not speak at once: {swaps} changes of speaker'
    end_all(a, b)


@case
def a_late_joiner_sees_messages_and_draft():
    """A window that opens later shows the earlier messages and the current draft."""
    a, b = pair('late')
    a.send('said before you came')
    b.send('and answered')
    a.write('still being typed')
    b.wait_live('Ada', 'still being typed')
    c = Chat('late', 'Cleo')
    c.wait_said('said before you came', 'and answered')
    c.wait_live('Ada', 'still being typed')
    said = c.transcript()
    assert said.index('said before') < said.index('and answered')
    for window in a, b:
        window.wait_shows('Cleo')
    end_all(a, b, c)
    nothing_left()
