"""Which addresses are public, and which texts are URLs."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from federation.http.addresses import is_public, parse_url
from federation.http.errors import BadUrl


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
        "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9",
        "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2001:10::1", "2001:1ff::1", "2002:7f00:1::1",
        "2620:4f:8000::1", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1", "4000::1",
        "2606:4700::1%eth0", "fe80::1%eth0", "", "localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1",
        "１２７.0.0.1", "①②⑦.0.0.1",
    ],
)  # fmt: skip
def test_what_is_not_plainly_public_is_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "223.255.255.255", "198.20.0.1",
     "2606:4700::1111", "2001:4860:4860::8888", "2a01:4f8::1", "2003::1", "::ffff:8.8.8.8"],
)  # fmt: skip
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
@example(ipaddress.IPv6Address("2002::1"))
def test_nothing_private_to_the_standard_library_is_public_to_us(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    if is_public(ip):
        assert (mapped or ip).is_global
        assert not ip.is_multicast


@pytest.mark.parametrize(
    ("text", "full", "origin"),
    [
        ("https://Example.COM", "https://example.com/", "https://example.com"),
        ("HTTPS://example.com:443/a", "https://example.com/a", "https://example.com"),
        ("http://example.com:80/a?b=c", "http://example.com/a?b=c", "http://example.com"),
        ("https://example.com:8443?x", "https://example.com:8443/?x", "https://example.com:8443"),
        ("https://example.com/A%2fb/../c?q=%E4&Z#frag", "https://example.com/A%2fb/../c?q=%E4&Z", "https://example.com"),
        ("https://example.com/users/x/", "https://example.com/users/x/", "https://example.com"),
        ("https://example.com/a b/ü", "https://example.com/a%20b/%C3%BC", "https://example.com"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x", "https://xn--bcher-kva.example"),
        ("https://victim。test/", "https://victim.test/", "https://victim.test"),
        ("https://ＶＩＣＴＩＭ.test/", "https://victim.test/", "https://victim.test"),
        ("https://xn--i-7iq.ws/", "https://xn--i-7iq.ws/", "https://xn--i-7iq.ws"),
        ("https://my_host.example/", "https://my_host.example/", "https://my_host.example"),
        ("https://[2606:4700:0::1]:8080/", "https://[2606:4700::1]:8080/", "https://[2606:4700::1]:8080"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000/x", "http://127.0.0.1:8000"),
        ("https://example.com/?u=https://other.test@x", "https://example.com/?u=https://other.test@x", "https://example.com"),
    ],
)  # fmt: skip
def test_a_url_has_one_form(text: str, full: str, origin: str) -> None:
    url = parse_url(text)
    assert (url.full, url.origin) == (full, origin)
    assert parse_url(url.full) == url if not url.fragment else parse_url(url.full).full == url.full


@pytest.mark.parametrize(
    "text",
    [
        "", "example.com", "//example.com/", "ftp://example.com/", "javascript:alert(1)", "file:///etc/passwd",
        "https://", "https:///x", "https://user@example.com/", "https://a:b@example.com/", "https://good.test\\@evil.test/",
        "https://evil.test:65536/", "https://evil.test:0/", "https://evil.test:/", "https://evil.test:８０/",
        "https://evil.test:+80/", "https://ex ample.com/", " https://example.com/", "https://exam\tple.com/",
        "https://example.com/\n", "https://example.com/\x00", "https://example.com/\x7f", "https://127.1/",
        "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://1.2.3.4.5/", "https://a.0x10/",
        "https://[::1/", "https://::1/", "https://[fe80::1%25eth0]/", "https://[1.2.3.4]/", "https://a..b/",
        "https://.a/", "https://a./", "https://-a.test/", "https://a-.test/", "https://xn--a.test/", "https://xn--a-.test/",
        "https://" + "a" * 64 + ".test/", "https://" + "a." * 130 + "test/", "https://a.test/" + "x" * 2048,
        "https://a.test/" + "ü" * 400, "https://a%2eb/", "https://a,b/", "https://a.test/\ud800", "https://☃\u200d.test/",
        "https://a\u00ad..test/", "https://exa\u2028mple.com/",
    ],
)  # fmt: skip
def test_other_texts_are_not_urls(text: str) -> None:
    with pytest.raises(BadUrl):
        parse_url(text)


@given(st.text())
@example("https://[")
@example("https://xn--\x80/")
def test_parsing_any_text_yields_a_sendable_url_or_badurl(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://a.test/{text}", f"http://{text}.test:81/#{text}"):
        try:
            url = parse_url(candidate)
        except BadUrl:
            continue
        assert url.full.isascii()
        assert " " not in url.full
        assert parse_url(url.full).full == url.full


def test_an_origin_is_scheme_host_and_port() -> None:
    assert parse_url("https://A.test/x").origin == parse_url("https://a.test:443/y").origin == "https://a.test"
    assert parse_url("http://a.test/").origin == "http://a.test"
    assert parse_url("https://a.test:8443/x").origin == "https://a.test:8443"
    assert parse_url("https://[::1]:8/").host == "::1"
