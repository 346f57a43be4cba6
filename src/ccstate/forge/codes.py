"""The catalogue of what goes wrong with a code host."""

from ccstate.errors import Code

UNANSWERED = Code("""CC830 no usable answer came from {host}: {why}
  Whether it did what it was asked is not known; ccstate looks before it asks again.
  hint: run the command again; where that does not help, see whether the machine reaches the host""")
ANSWER_UNLIKE = Code("""CC830 {host} answers otherwise than its API is documented: {why}
  hint: see whether the address is that of its API, and no page for people""")
ANSWER_LARGE = Code("""CC830 an answer of {host} is larger than {most:,} bytes
  hint: see whether the address is that of its API""")
LIST_ENDLESS = Code("""CC830 a list of {host} does not end after {pages} pages: {path}
  What ccstate wrote there itself cannot be found in it.
  hint: close what is no longer needed there""")
LEADS_AWAY = Code("""CC830 {host} leads to another host
  The token would go there, so ccstate does not follow.
  hint: correct the address of the API in the environment""")
UNTRUSTED = Code("""CC831 the certificate of {host} is not trusted: {why}
  hint: name the file of its certificate authority in SSL_CERT_FILE""")
LIMITED = Code("""CC832 {host} takes no more requests of this token until {until}
  hint: run the command again then""")
TOKEN_UNKNOWN = Code("""CC833 {host} does not know the token ({what}: {status}; {said})
  hint: make a new one; docs/code-hosts.md says which rights it needs""")
FORBIDDEN = Code("""CC833 {host} does not let the token do this ({what}: {status}; {said})
  hint: docs/code-hosts.md says which rights it needs""")
NOTHING_THERE = Code("""CC833 {host} has nothing there that the token may see ({what}: {status};
    {said})
  hint: see whether repository and number are right; docs/code-hosts.md says which rights the token
    needs""")
REFUSED = Code("""CC833 {host} refuses ({what}: {status}; {said})
  hint: docs/code-hosts.md says what it is asked for""")
TEXT_LONG = Code("""CC834 the text for {host} has {size:,} characters, and it takes {most:,}
  hint: shorten it; nothing was sent""")
VARIABLE = Code("""CC835 {variable} {fault}
  hint: {hint}""")
