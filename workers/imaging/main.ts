/** Entry of the imaging process. */
import { growHeapFreely } from '../../src/util/heap-growth.ts';
import { serve } from './serve.ts';

growHeapFreely();
serve();
