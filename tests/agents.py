"""User agents of 2026: those of people's browsers, and those of programs."""
# ruff: noqa: E501 # an agent is one line

from __future__ import annotations

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT}"
MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT}"
LINUX = f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT}"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT}"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPAD = "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


def _view(device: str, chrome: str = "142.0.7444.102") -> str:
    """Return the agent of Android's WebView on `device`, to which an app adds its name."""
    return (
        f"Mozilla/5.0 (Linux; Android {device}; wv) {WEBKIT} Version/4.0 "
        f"Chrome/{chrome} Mobile Safari/537.36"
    )


BROWSERS = {
    "Chrome on Windows": f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36",
    "Chrome on macOS": f"{MAC} Chrome/142.0.0.0 Safari/537.36",
    "Chrome on Linux": f"{LINUX} Chrome/142.0.0.0 Safari/537.36",
    "Chrome on ChromeOS": f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/141.0.0.0 Safari/537.36",
    "Chrome on Android": f"{ANDROID} Chrome/142.0.0.0 Mobile Safari/537.36",
    "Chrome on an Android tablet": f"{ANDROID} Chrome/142.0.0.0 Safari/537.36",
    "Chrome on an iPhone": f"{IPHONE} CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
    "Chrome on Windows 7": f"Mozilla/5.0 (Windows NT 6.1; Win64; x64) {WEBKIT} Chrome/109.0.0.0 Safari/537.36",
    "Edge on Windows": f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Edge on Android": f"{ANDROID} Chrome/142.0.0.0 Mobile Safari/537.36 EdgA/142.0.0.0",
    "Edge on an iPhone": f"{IPHONE} Version/18.0 EdgiOS/142.0.3595.66 Mobile/15E148 Safari/604.1",
    "Edge's Internet Explorer mode": "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Internet Explorer 8": "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; SLCC2; .NET CLR 2.0.50727)",
    "Internet Explorer 9": "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; WOW64; Trident/5.0)",
    "Firefox on Windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Firefox on macOS": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Firefox on Ubuntu": "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Firefox on Android": "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
    "Firefox on an iPhone": f"{IPHONE} FxiOS/145.0 Mobile/15E148 Safari/605.1.15",
    "Tor Browser": "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Safari on macOS": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
    "Safari on an iPhone": f"{IPHONE} Version/26.1 Mobile/15E148 Safari/604.1",
    "Safari on an iPad": f"{IPAD} Version/18.6 Mobile/15E148 Safari/604.1",
    "Google's app on an iPhone": f"{IPHONE} GSA/392.0.831582912 Mobile/15E148 Safari/604.1",
    "Opera": f"{WINDOWS} Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0",
    "Opera on Android": f"{ANDROID} Chrome/141.0.0.0 Mobile Safari/537.36 OPR/93.0.0.0",
    "Opera Mini": "Opera/9.80 (Android; Opera Mini/83.0.2254/191.318; U; vi) Presto/2.12.423 Version/12.16",
    "Vivaldi": f"{LINUX} Chrome/142.0.0.0 Safari/537.36 Vivaldi/7.6.3797.63",
    "Yandex Browser": f"{WINDOWS} Chrome/140.0.0.0 YaBrowser/25.10.0.0 Safari/537.36",
    "DuckDuckGo on an iPhone": f"{IPHONE} Version/18.7 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
    "Ecosia on Android": f"{ANDROID} Chrome/140.0.0.0 Mobile Safari/537.36 (Ecosia android@140.0.7339.51)",
    "Cốc Cốc on Windows": f"{WINDOWS} coc_coc_browser/145.0.0 Chrome/139.0.0.0 Safari/537.36",
    "Cốc Cốc on Android": f"{ANDROID} coc_coc_browser/137.0.230 Mobile Chrome/131.0.6778.230 Mobile Safari/537.36",
    "Samsung Internet": f"{ANDROID} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
    "Samsung Internet, device named": f"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-A536E) {WEBKIT} SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
    "MIUI Browser": f"Mozilla/5.0 (Linux; U; Android 14; vi-vn; 23053RN02A Build/UP1A.231005.007) {WEBKIT} Version/4.0 Chrome/123.0.6312.118 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.36.0-gn",
    "Huawei Browser": f"Mozilla/5.0 (Linux; Android 12; HarmonyOS; ALN-AL00; HMSCore 6.14.0.302) {WEBKIT} Chrome/114.0.5735.196 HuaweiBrowser/16.0.2.300 Mobile Safari/537.36",
    "Vivo Browser": f"Mozilla/5.0 (Linux; Android 14; V2314A; wv) {WEBKIT} Version/4.0 Chrome/123.0.6312.118 Mobile Safari/537.36 VivoBrowser/23.5.0.0",
    "HeyTap on Oppo": f"Mozilla/5.0 (Linux; U; Android 14; vi-vn; CPH2557 Build/UKQ1.230924.001) {WEBKIT} Version/4.0 Chrome/115.0.5790.168 Mobile Safari/537.36 HeyTapBrowser/45.11.3.1",
    "Oppo A33": f"Mozilla/5.0 (Linux; Android 5.1.1; OPPO A33w) {WEBKIT} Chrome/95.0.4638.74 Mobile Safari/537.36",
    "UC Browser": f"Mozilla/5.0 (Linux; U; Android 13; vi-VN; RMX3834 Build/TP1A.220624.014) {WEBKIT} Version/4.0 Chrome/123.0.6312.80 UCBrowser/13.8.8.1325 Mobile Safari/537.36",
    "UC Mini": "UCWEB/2.0 (Java; U; MIDP-2.0; vi; nokia5130c-2) U2/1.0.0 UCBrowser/9.5.0.449 U2/1.0.0 Mobile",
    "QQ Browser": f"Mozilla/5.0 (Linux; U; Android 14; zh-cn; 2312DRA50C Build/UP1A.230905.011) {WEBKIT} Version/4.0 Chrome/121.0.6167.71 MQQBrowser/16.8 Mobile Safari/537.36 COVC/047701",
    "360 Secure Browser": f"{WINDOWS} Chrome/122.0.6261.95 Safari/537.36 QIHU 360SE",
    "Quark": f"Mozilla/5.0 (Linux; U; Android 14; zh-CN; 23116PN5BC Build/UKQ1.230804.001) {WEBKIT} Version/4.0 Chrome/123.0.6312.80 Quark/7.9.5.821 Mobile Safari/537.36",
    "Zalo on Android": f"{_view('14; SM-A156E Build/UP1A.231005.007')} Zalo android/12100703 ZaloTheme/light ZaloLanguage/vi",
    "Zalo on an iPhone": f"{IPHONE} Mobile/15E148 Zalo iOS/705 ZaloTheme/light ZaloLanguage/vn",
    "Zalo on a desktop": f"{WINDOWS} Chrome/124.0.6367.243 Electron/30.5.1 Safari/537.36 ZaloPC-win32-24v705",
    "Facebook on Android": f"{_view('15; SM-S928B Build/AP3A.240905.015.A2')} [FB_IAB/FB4A;FBAV/537.0.0.45.109;IABMV/1;]",
    "Facebook on an iPhone": f"{IPHONE} Mobile/22H20 [FBAN/FBIOS;FBAV/538.0.0.60.99;FBBV/824000000;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/18.7;FBSS/3;FBID/phone;FBLC/vi_VN;FBOP/5;FBRV/0;IABMV/1]",
    "Messenger on an iPhone": f"{IPHONE} Mobile/22H20 [FBAN/MessengerForiOS;FBAV/533.0.0.37.106;FBDV/iPhone15,3;FBMD/iPhone;FBSN/iOS;FBSV/18.7;FBSS/3;FBLC/vi_VN;FBOP/5]",
    "Meta's browser in Facebook": f"{_view('16; Pixel 10 Pro XL Build/CP1A.260305.018', '146.0.7680.174')} MetaIAB Facebook",
    "Instagram on Android": f"{_view('15; CPH2557 Build/AP3A.240617.008')} Instagram 406.0.0.58.159 Android (35/15; 480dpi; 1080x2400; OPPO; CPH2557; OP573DL1; mt6833; vi_VN; 822918295; IABMV/1)",
    "Instagram on an iPhone": f"{IPHONE} Mobile/22H20 Instagram 406.0.0.33.75 (iPhone14,5; iOS 18_7; vi_VN; vi; scale=3.00; 1170x2532; 822918295; IABMV/1)",
    "TikTok on Android": f"{_view('13; V2249 Build/TP1A.220624.014')} trill_420303 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/trill app_version/42.3.3 ByteLocale/vi-VN ByteFullLocale/vi-VN Region/VN",
    "WeChat on Android": f"{_view('14; 23127PN0CC Build/UKQ1.230804.001', '130.0.6723.103')} XWEB/1300289 MMWEBSDK/20250201 MMWEBID/4017 MicroMessenger/8.0.58.2841(0x28003A51) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64",
    "WeChat on an iPhone": f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.66(0x18004234) NetType/WIFI Language/zh_CN",
    "WeChat on Windows": f"{WINDOWS} Chrome/132.0.0.0 Safari/537.36 NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090a13) XWEB/13080 Flue",
    "Alipay": f"{IPHONE} Mobile/15E148 Ariver/1.1.0 AliApp(AP/10.7.60.6000) Nebula WK RVKType(0) AlipayClient/10.7.60.6000 Language/zh-Hans",
    "LINE on an iPhone": f"{IPHONE} Mobile/15E148 Safari Line/15.18.1",
    "LinkedIn on Android": f"{_view('14; SM-G991B Build/UP1A.231005.007')} [LinkedInApp]/4.1.1090",
    "Pinterest on an iPhone": f"{IPHONE} Mobile/15E148 [Pinterest/iOS]",
    "CUBOT": f"Mozilla/5.0 (Linux; Android 13; CUBOT P80) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36",
    "CUBOT in an app": f"{_view('12; CUBOT_NOTE_30 Build/SP1A.210812.016')} [FB_IAB/FB4A;FBAV/500.0.0.56.109;IABMV/1;]",
    "KaiOS": "Mozilla/5.0 (Mobile; Nokia 2780 Flip; rv:84.0) Gecko/84.0 Firefox/84.0 KAIOS/3.1",
    "Nokia feature phone": "Nokia206/2.0 (04.52) Profile/MIDP-2.1 Configuration/CLDC-1.1 Mozilla/5.0 (Java; U; vi-vn; nokia206) UCBrowser8.3.0.154/70/352/UCWEB Mobile",
    "Samsung TV": "Mozilla/5.0 (SMART-TV; LINUX; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) 108.0.5359.1/8.0 TV Safari/537.36",
    "LG TV": f"Mozilla/5.0 (Web0S; Linux/SmartTV) {WEBKIT} Chrome/108.0.5359.211 Safari/537.36 WebAppManager",
    "Panasonic TV": f"HbbTV/1.6.1 (+DRM; Panasonic; SmartTV2022mid; 3.000;) Mozilla/5.0 (Linux; U; Viera; vi-VN) {WEBKIT} Viera/4.0.0 Chrome/68.0.3440.106 Safari/537.36",
    "Fire TV's Silk": f"Mozilla/5.0 (Linux; Android 9; AFTKA) {WEBKIT} Silk/142.3.1 like Chrome/142.0.7444.102 Safari/537.36",
    "PlayStation 5": "Mozilla/5.0 (PlayStation; PlayStation 5/9.60) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
    "Xbox": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edge/44.18363.8131",
    "Nintendo Switch": "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 (KHTML, like Gecko) NF/6.0.3.25.2 NintendoBrowser/5.1.0.32061",
    "Meta Quest": f"Mozilla/5.0 (X11; Linux x86_64; Quest 3) {WEBKIT} OculusBrowser/41.2.0.5 Chrome/138.0.7204.168 VR Safari/537.36",
    "Tesla": f"{LINUX} Chrome/136.0.7103.92 Safari/537.36 Tesla/2025.38.6",
    "Konqueror": "Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14.8 (like Gecko)",
}

PROGRAMS = {
    "curl": "curl/8.15.0 (x86_64-pc-linux-gnu)",
    "Wget": "Wget/1.25.0 (linux-gnu)",
    "requests": "python-requests/2.32.5",
    "httpx": "python-httpx/0.28.1 async",
    "aiohttp": "Python/3.13 aiohttp/3.13.2",
    "Go": "Go-http-client/2.0",
    "Java": "Java-http-client/21.0.4",
    "OkHttp": "okhttp/5.1.0 (Android)",
    "axios": "axios/1.12.2 (node 22)",
    "PHP": "GuzzleHttp/7 (PHP 8.4.1)",
    "libwww-perl": "libwww-perl/6.78 (perl)",
    "an app's own requests": "Dalvik/2.1.0 (Linux; U; Android 14; SM-A156E Build/UP1A.231005.007)",
    "headless Chrome": f"{LINUX} HeadlessChrome/142.0.0.0 Safari/537.36",
    "PhantomJS": "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
    "Puppeteer": f"{LINUX} Chrome/142.0.0.0 Safari/537.36 Puppeteer/24.0",
    "Playwright": f"{LINUX} Chrome/142.0.0.0 Safari/537.36 Playwright/1.55.0",
    "Selenium": f"{WINDOWS} Chrome/120.0.0.0 Safari/537.36; Selenium",
    "jsdom": "Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/26.1.0",
    "Googlebot as a phone": f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {WEBKIT} Chrome/142.0.7444.59 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Zalo's link preview": "Mozilla/5.0 (compatible; ZaloPC-preview/1.0; +https://zalo.me)",
    "Facebook's link preview": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Cốc Cốc's crawler": "Mozilla/5.0 (compatible; coccocbot-web/1.0; +http://help.coccoc.com/searchengine)",
    "an unknown one that introduces itself": "Mozilla/5.0 (compatible; Somebody/1.0)",
    "an unknown one with an address": f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36 (https://example.org/why)",
}

HUMANS_ON_THE_LIST = ("Instagram 406", "MetaIAB Facebook")
"""In-app browsers that crawler-user-agents takes for bots, by the phone's build or by the app."""
