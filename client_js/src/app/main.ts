import { readAddress } from "./address";
import { Page } from "./page";

new Page(readAddress(location.search));
